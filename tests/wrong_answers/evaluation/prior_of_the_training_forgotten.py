"""
cell = "with_prior"
loses = { test_with_prior = 1 }
says = "have to be taken out first"
"""


def with_prior(p, pi_train, pi_data):
    factor = pi_data / (1 - pi_data)
    return p * factor / (p * factor + 1 - p)
