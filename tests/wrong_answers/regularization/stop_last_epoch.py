"""
cell = "early_stop"
loses = { test_early_stop = 2 }
says = "the weights of the last epoch"
"""


def early_stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch, epoch + 1
    return best, len(losses)
