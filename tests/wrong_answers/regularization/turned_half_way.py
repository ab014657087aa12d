"""
cell = "turned"
loses = { test_turned = 2 }
says = "all directions are equally likely"
"""


def turned(P, rng):
    angle = rng.uniform(0, np.pi, (len(P), 1))
    side = rng.choice([-1, 1], (len(P), 1))
    x, y = P[:, :, 0], side * P[:, :, 1]
    return np.stack([np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y], axis=2)
