"""
cell = "stop_early"
loses = { test_stop_early = 1 }
says = "one epoch too late"
"""


def stop_early(losses, patience, min_delta=0.0):
    best, kept = np.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - min_delta:
            best, kept = loss, epoch
        elif epoch - kept > patience:
            return epoch, kept
    return len(losses), kept
