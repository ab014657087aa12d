"""
cell = "steps_needed"
loses = { test_steps_needed = 1 }
says = "does not take the root of the number of steps"
"""


def steps_needed(kappa, gain):
    if kappa == 1:
        return 1, 1
    steps = np.log(gain) / np.log((kappa + 1) / (kappa - 1))
    return int(np.ceil(steps)), int(np.ceil(np.sqrt(steps)))
