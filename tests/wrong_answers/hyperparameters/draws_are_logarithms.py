"""
cell = "draw_settings"
loses = { test_draw_settings = 2 }
says = "these are logarithms"
"""


def draw_settings(N, low, high, rng):
    return rng.uniform(np.log10(low), np.log10(high), (N, len(low)))
