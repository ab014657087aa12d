"""
cell = "temperature"
loses = { test_temperature = 1 }
says = "this is 1/T"
"""


def temperature(y, z):
    slopes = np.geomspace(0.1, 10, 1000)
    return slopes[np.argmin([binary_cross_entropy(z * a, y)[0] for a in slopes])]
