"""
cell = "neuron_output"
loses = { test_neuron_output = 2 }
says = "the bias is weight 0"
"""


def neuron_output(X, w):
    return (X @ w[:-1] + w[-1] > 0).astype(float)
