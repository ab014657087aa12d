"""
cell = "build"
loses = { test_build = 2 }
says = "not the matrices of the chapter"
"""


def build(f, n):
    edges = np.linspace(0, 1, n + 1)
    steps = (edges[:-1] + edges[1:]) / 2
    W1 = np.full((1, n), 100.0 * n)
    W2 = np.diff(f(edges))[:, None]
    return W1, -100.0 * n * steps, W2, f(edges[0])
