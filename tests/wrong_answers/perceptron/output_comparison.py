"""
cell = "neuron_output"
loses = { test_neuron_output = 2 }
says = "the comparison is the wrong way round"
"""


def neuron_output(X, w):
    return (w[0] + X @ w[1:] < 0).astype(float)
