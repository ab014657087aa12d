"""
cell = "turned"
loses = { test_turned = 2 }
says = "all constituents of a jet turn by the same angle"
"""


def turned(P, rng):
    angle = rng.uniform(0, 2 * np.pi, P.shape[:2])
    side = rng.choice([-1, 1], (len(P), 1))
    x, y = P[:, :, 0], side * P[:, :, 1]
    return np.stack([np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y], axis=2)
