"""
cell = "rates_for"
loses = { test_rates_for = 2 }
says = "a step may pass the minimum"
"""


def rates_for(H):
    curvatures = np.linalg.eigvalsh(H)
    flat, steep = curvatures[0], curvatures[-1]
    return 1 / steep, 2 / (flat + steep), (steep - flat) / (steep + flat)
