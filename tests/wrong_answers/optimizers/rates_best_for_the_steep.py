"""
cell = "rates_for"
loses = { test_rates_for = 2 }
says = "the flat one waits"
"""


def rates_for(H):
    curvatures = np.linalg.eigvalsh(H)
    flat, steep = curvatures[0], curvatures[-1]
    return 2 / steep, 1 / steep, 1 - flat / steep
