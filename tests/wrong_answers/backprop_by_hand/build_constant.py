"""
cell = "build"
loses = { test_build = 2 }
says = "G hardly changes"
"""


def build(f, n):
    return np.ones(n), np.zeros(n), np.zeros(n), float(np.mean(f(np.linspace(0, 1, 101))))
