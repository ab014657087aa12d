"""
cell = "split"
loses = { test_split = 1 }
says = "the same for every seed"
"""


def test_set(event, fraction, rng):
    events, index = np.unique(event, return_inverse=True)
    return (np.arange(len(events)) < round(fraction * len(events)))[index]
