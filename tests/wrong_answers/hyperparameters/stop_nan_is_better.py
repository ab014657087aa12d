"""
cell = "stop_early"
loses = { test_stop_early = 1 }
says = "NaN is no improvement"
"""


def stop_early(losses, patience, min_delta=0.0):
    best, kept = losses[0], 1
    for epoch, loss in enumerate(losses[1:], start=2):
        if not loss >= best - min_delta:
            best, kept = loss, epoch
        elif epoch - kept >= patience:
            return epoch, kept
    return len(losses), kept
