"""
cell = "stream"
loses = { test_stream = 2 }
says = "small beside the mean"
"""


def mean_and_variance(pieces):
    n, s, s2 = 0, 0.0, 0.0
    for piece in pieces:
        n, s, s2 = n + len(piece), s + np.sum(piece), s2 + np.sum(piece**2)
    return n, s / n, s2 / n - (s / n) ** 2
