"""
cell = "expected_improvement"
loses = { test_expected_improvement = 2 }
says = "where sigma is 0 you divide by it"
"""


def expected_improvement(mu, sigma, best):
    z = (best - mu) / sigma
    Phi = np.array([0.5 * (1 + erf(x / np.sqrt(2))) for x in z])
    phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return (best - mu) * Phi + sigma * phi
