"""
cell = "stream"
loses = { test_stream = 2 }
says = "a mean of means"
"""


def mean_and_variance(pieces):
    pieces = [piece for piece in pieces if len(piece)]
    together = np.concatenate(pieces)
    return len(together), np.mean([np.mean(piece) for piece in pieces]), np.var(together)
