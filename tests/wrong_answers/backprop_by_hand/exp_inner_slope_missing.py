"""
cell = "exp_chain"
loses = { test_exp_chain = 2 }
says = "the inner slope is missing"
"""


def exp_chain(w1, w2, x):
    v = np.exp(w1 * x)
    return w2 * v, w2 * v, v
