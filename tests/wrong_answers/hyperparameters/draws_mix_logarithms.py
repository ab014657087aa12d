"""
cell = "draw_settings"
loses = { test_draw_settings = 2 }
says = "`10 **` goes with `np.log10`"
"""


def draw_settings(N, low, high, rng):
    return 10 ** rng.uniform(np.log(low), np.log(high), (N, len(low)))
