"""
cell = "with_prior"
loses = { test_with_prior = 1 }
says = "not of the shares"
"""


def with_prior(p, pi_train, pi_data):
    factor = pi_data / pi_train
    return p * factor / (p * factor + 1 - p)
