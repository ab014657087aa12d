"""
cell = "draw_settings"
loses = { test_draw_settings = 2 }
says = "make no generator of your own"
"""


def draw_settings(N, low, high, rng):
    rng = np.random.default_rng(0)
    return low * (high / low) ** rng.random((N, len(low)))
