"""
cell = "early_stop"
loses = { test_early_stop = 2 }
says = "after the end of the training"
"""


def early_stop(losses, patience):
    lowest, waited, trained = np.inf, 0, len(losses)
    for epoch, loss in enumerate(losses):
        lowest, waited = (loss, 0) if loss < lowest else (lowest, waited + 1)
        if waited == patience:
            trained = epoch + 1
            break
    return int(np.nanargmin(losses)), trained
