"""
cell = "expected_improvement"
loses = { test_expected_improvement = 2, test_next_trial = 2, test_search = 2 }
says = "this is for a maximum"
"""


def expected_improvement(mu, sigma, best):
    gain = mu - best
    z = gain / np.where(sigma > 0, sigma, 1)
    Phi = np.array([0.5 * (1 + erf(x / np.sqrt(2))) for x in z])
    phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return np.where(sigma > 0, gain * Phi + sigma * phi, np.maximum(-gain, 0))
