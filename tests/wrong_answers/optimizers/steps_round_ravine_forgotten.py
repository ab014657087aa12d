"""
cell = "steps_needed"
loses = { test_steps_needed = 1 }
says = "but this step is needed"
"""


def steps_needed(kappa, gain):
    shrinks = [(k - 1) / (k + 1) for k in (kappa, np.sqrt(kappa))]
    return tuple(int(np.ceil(np.log(gain) / -np.log(q))) for q in shrinks)
