"""
cell = "with_prior"
loses = { test_with_prior = 1 }
says = "the wrong way round"
"""


def with_prior(p, pi_train, pi_data):
    factor = pi_train / (1 - pi_train) * (1 - pi_data) / pi_data
    return p * factor / (p * factor + 1 - p)
