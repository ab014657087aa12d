"""
cell = "in_data"
loses = { test_in_data = 2 }
says = "the true class is the row"
"""


def in_data(y, answer, r):
    table = np.array([[np.sum((y == k) & (answer == j)) for k in (0, 1)] for j in (0, 1)])
    eff_b, eff_s = table[1] / table.sum(axis=0)
    return table, (eff_s + r * (1 - eff_b)) / (1 + r), eff_s / (eff_s + r * eff_b)
