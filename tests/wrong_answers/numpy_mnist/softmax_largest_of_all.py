"""
cell = "softmax"
loses = { test_softmax = 2 }
says = "the largest z of each row"
"""


def softmax(Z):
    E = np.exp(Z - Z.max())
    return E / E.sum(axis=1, keepdims=True)
