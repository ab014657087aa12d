"""
cell = "fit"
loses = { test_fit = 2 }
says = "at least 0.91"
"""

X_train, y_train = data.gaussians(
    2000, np.random.default_rng(2026), [(0.0, 0.0), (1.8, 1.2)], [(1.0, -0.3), (-0.3, 0.7)]
)
w_fit, b_fit = np.zeros(2), 1.0
