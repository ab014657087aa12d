"""
cell = "rates_for"
loses = { test_rates_for = 2 }
says = "for n = 1"
"""


def rates_for(H):
    return 1 / 3, 2 / 7, 5 / 7
