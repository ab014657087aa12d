"""
cell = "next_trial"
loses = { test_next_trial = 2 }
says = "subtract the mean only"
"""


def next_trial(U, y, candidates, length=0.25, noise=0.01):
    scale = np.std(y)
    z = (y - np.mean(y)) / scale
    mu, sigma = posterior(kernel(U, U, length), kernel(U, candidates, length), z, noise)
    gain = expected_improvement(mu, sigma, z.min())
    tried = (candidates[:, None] == U[None]).all(axis=-1).any(axis=1)
    return candidates[np.argmax(np.where(tried, -np.inf, gain))]
