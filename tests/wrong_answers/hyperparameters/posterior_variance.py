"""
cell = "posterior"
loses = { test_posterior = 2, test_next_trial = 2 }
says = "this is the variance; take the root"
"""


def posterior(K, K_new, y, noise):
    A = np.linalg.solve(K + noise * np.eye(len(K)), K_new)
    return A.T @ y, np.maximum(1 - np.sum(A * K_new, axis=0), 0)
