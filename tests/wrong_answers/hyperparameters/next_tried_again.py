"""
cell = "next_trial"
loses = { test_next_trial = 2 }
says = "has been tried already"
"""


def next_trial(U, y, candidates, length=0.25, noise=0.01):
    scale = np.std(y) if np.ptp(y) > 0 else 1.0
    z = (y - np.mean(y)) / scale
    mu, sigma = posterior(kernel(U, U, length), kernel(U, candidates, length), z, noise)
    gain = expected_improvement(mu, sigma, z.min())
    return candidates[np.argmax(gain)]
