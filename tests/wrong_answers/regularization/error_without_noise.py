"""
cell = "decompose"
loses = { test_decompose = 2 }
says = "fresh data have noise as well"
"""


def decompose(F_hat, f, sigma):
    variance = F_hat.var(axis=0, ddof=1)
    bias2 = (F_hat.mean(axis=0) - f) ** 2 - variance / len(F_hat)
    bias2, variance = bias2.mean(), variance.mean()
    return bias2, variance, bias2 + variance
