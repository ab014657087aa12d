"""
cell = "relu_neuron"
loses = { test_relu_neuron = 2 }
says = "the slope of the ReLU is missing"
"""


def relu_neuron(W, b, x, y):
    a = max(0.0, W * x + b)
    delta = 2 * (a - y)
    return a, (a - y) ** 2, delta * x, delta
