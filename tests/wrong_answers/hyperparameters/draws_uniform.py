"""
cell = "draw_settings"
loses = { test_draw_settings = 2 }
says = "draw the logarithm uniformly"
"""


def draw_settings(N, low, high, rng):
    return rng.uniform(low, high, (N, len(low)))
