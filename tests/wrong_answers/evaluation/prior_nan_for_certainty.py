"""
cell = "with_prior"
loses = { test_with_prior = 1 }
says = "NaN"
"""


def with_prior(p, pi_train, pi_data):
    odds = p / (1 - p) * (1 - pi_train) / pi_train * pi_data / (1 - pi_data)
    return odds / (1 + odds)
