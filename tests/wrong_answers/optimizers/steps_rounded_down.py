"""
cell = "steps_needed"
loses = { test_steps_needed = 1 }
says = "round up"
"""


def steps_needed(kappa, gain):
    shrinks = [(k - 1) / (k + 1) for k in (kappa, np.sqrt(kappa))]
    return tuple(1 if q == 0 else int(np.log(1 / gain) / np.log(q)) for q in shrinks)
