"""
cell = "posterior"
loses = { test_posterior = 2 }
says = "by roundoff"
"""


def posterior(K, K_new, y, noise):
    A = np.linalg.inv(K + noise * np.eye(len(K))) @ K_new
    return A.T @ y, np.sqrt(1 - np.sum(A * K_new, axis=0))
