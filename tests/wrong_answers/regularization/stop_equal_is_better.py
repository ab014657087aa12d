"""
cell = "early_stop"
loses = { test_early_stop = 2 }
says = "an equal loss is no improvement"
"""


def early_stop(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return best, epoch + 1
    return best, len(losses)
