"""
cell = "build"
loses = { test_build = 2 }
says = "the steps are too flat"
"""


def build(f, n):
    x = np.linspace(0, 1, n + 1)
    w = np.full(n, 20.0)
    return w, -w * (x[1:] + x[:-1]) / 2, np.diff(f(x)), f(x)[0]
