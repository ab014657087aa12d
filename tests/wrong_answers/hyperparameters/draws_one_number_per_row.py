"""
cell = "draw_settings"
loses = { test_draw_settings = 2 }
says = "a random number of its own"
"""


def draw_settings(N, low, high, rng):
    return low * (high / low) ** rng.random((N, 1))
