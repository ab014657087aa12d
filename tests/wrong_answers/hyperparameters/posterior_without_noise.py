"""
cell = "posterior"
loses = { test_posterior = 2, test_next_trial = 2 }
says = "the noise is forgotten"
"""


def posterior(K, K_new, y, noise):
    A = np.linalg.solve(K, K_new)
    return A.T @ y, np.sqrt(np.maximum(1 - np.sum(A * K_new, axis=0), 0))
