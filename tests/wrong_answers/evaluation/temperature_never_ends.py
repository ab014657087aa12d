"""
cell = "temperature"
loses = { test_temperature = 1 }
says = "a loop that never ends"
"""


def temperature(y, z):
    T, step = 1.0, 0.1
    while step > 0:
        if binary_cross_entropy(z / (T + step), y)[0] < binary_cross_entropy(z / T, y)[0]:
            T += step
        else:
            step = max(step / 2, 1e-3)
    return T
