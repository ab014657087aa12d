"""
cell = "budget_buys"
loses = { test_budget_buys = 1 }
says = "for 1 trainings of 4 hyperparameters"
"""


def budget_buys(budget, n, share):
    return 3, 30, 1 - 0.9**30
