"""
cell = "cross_entropy"
loses = { test_cross_entropy = 2 }
says = "L of a hopeless example"
"""


def cross_entropy(Z, Y):
    P = softmax(Z)
    return -np.log(P[Y == 1]).mean(), (P - Y) / len(Z)
