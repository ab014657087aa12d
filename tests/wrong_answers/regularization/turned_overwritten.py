"""
cell = "turned"
loses = { test_turned = 2 }
says = "computed from the old"
"""


def turned(P, rng):
    Q = P.copy()
    angle = rng.uniform(0, 2 * np.pi, (len(P), 1))
    Q[:, :, 1] *= rng.choice([-1, 1], (len(P), 1))
    Q[:, :, 0] = np.cos(angle) * Q[:, :, 0] - np.sin(angle) * Q[:, :, 1]
    Q[:, :, 1] = np.sin(angle) * Q[:, :, 0] + np.cos(angle) * Q[:, :, 1]
    return Q
