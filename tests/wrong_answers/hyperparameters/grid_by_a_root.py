"""
cell = "budget_buys"
loses = { test_budget_buys = 1 }
says = "test with integers"
"""


def budget_buys(budget, n, share):
    return int(budget ** (1 / n)), budget, 1 - (1 - share) ** budget
