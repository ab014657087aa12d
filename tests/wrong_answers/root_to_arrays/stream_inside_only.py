"""
cell = "stream"
loses = { test_stream = 2 }
says = "their means differ as well"
"""


def mean_and_variance(pieces):
    n, s, M = 0, 0.0, 0.0
    for piece in pieces:
        if len(piece):
            n, s, M = n + len(piece), s + np.sum(piece), M + len(piece) * np.var(piece)
    return n, s / n, M / n
