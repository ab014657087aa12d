"""
cell = "split"
loses = { test_split = 1 }
says = "draw events, not jets"
"""


def test_set(event, fraction, rng):
    return rng.random(len(event)) < fraction
