"""
cell = "draw_settings"
loses = { test_draw_settings = 2 }
says = "as regular as a grid"
"""


def draw_settings(N, low, high, rng):
    places = (np.arange(N) + 0.5) / N
    u = np.column_stack([rng.permutation(places) for _ in low])
    return low * (high / low) ** u
