"""
cell = "expected_improvement"
loses = { test_expected_improvement = 2, test_next_trial = 2 }
says = "how large is it on average"
"""


def expected_improvement(mu, sigma, best):
    z = (best - mu) / np.where(sigma > 0, sigma, 1)
    Phi = np.array([0.5 * (1 + erf(x / np.sqrt(2))) for x in z])
    return np.where(sigma > 0, Phi, np.maximum(best - mu, 0))
