"""
cell = "neuron_output"
loses = { test_neuron_output = 2 }
says = "where z is exactly 0"
"""


def neuron_output(X, w):
    return (w[0] + X @ w[1:] >= 0).astype(float)
