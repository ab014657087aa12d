"""
cell = "in_data"
loses = { test_in_data = 2 }
says = "this is the purity in the test sample"
"""


def in_data(y, answer, r):
    table = np.array([[np.sum((y == k) & (answer == j)) for j in (0, 1)] for k in (0, 1)])
    (tn, fp), (fn, tp) = table
    eff_b, eff_s = fp / (tn + fp), tp / (tp + fn)
    return table, (eff_s + r * (1 - eff_b)) / (1 + r), tp / (tp + fp)
