"""
cell = "temperature"
loses = { test_temperature = 1 }
says = "smallest squared error"
"""


def temperature(y, z):
    candidates = np.geomspace(0.1, 10, 1000)
    return candidates[np.argmin([np.mean((1 / (1 + np.exp(-z / T)) - y) ** 2) for T in candidates])]
