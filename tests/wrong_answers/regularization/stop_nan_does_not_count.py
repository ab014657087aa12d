"""
cell = "early_stop"
loses = { test_early_stop = 2 }
says = "NaN is no improvement"
"""


def early_stop(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best, waited = epoch, 0
        elif losses[epoch] >= losses[best]:
            waited += 1
        if waited == patience:
            return best, epoch + 1
    return best, len(losses)
