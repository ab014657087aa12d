"""
cell = "next_trial"
loses = { test_next_trial = 2, test_search = 2 }
says = "scale the losses"
"""


def next_trial(U, y, candidates, length=0.25, noise=0.01):
    scale = 1.0
    z = y / scale
    mu, sigma = posterior(kernel(U, U, length), kernel(U, candidates, length), z, noise)
    gain = expected_improvement(mu, sigma, z.min())
    tried = (candidates[:, None] == U[None]).all(axis=-1).any(axis=1)
    return candidates[np.argmax(np.where(tried, -np.inf, gain))]
