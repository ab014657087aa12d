"""
cell = "in_data"
loses = { test_in_data = 2 }
says = "not the other way round"
"""


def in_data(y, answer, r):
    table = np.array([[np.sum((y == k) & (answer == j)) for j in (0, 1)] for k in (0, 1)])
    eff_b, eff_s = table[:, 1] / table.sum(axis=1)
    return table, (r * eff_s + 1 - eff_b) / (1 + r), r * eff_s / (r * eff_s + eff_b)
