"""
cell = "stream"
loses = { test_stream = 2 }
says = "number and mean of other pieces"
"""


def mean_and_variance(pieces):
    n = sum(len(piece) for piece in pieces)
    mean = sum(np.sum(piece) for piece in pieces) / n
    return n, mean, sum(np.sum((piece - mean) ** 2) for piece in pieces) / n
