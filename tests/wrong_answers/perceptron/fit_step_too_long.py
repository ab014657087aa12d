"""
cell = "fit"
loses = { test_fit = 2 }
says = "at least 0.91"
"""

X_train, y_train = data.gaussians(
    2000, np.random.default_rng(2026), [(0.0, 0.0), (1.8, 1.2)], [(1.0, -0.3), (-0.3, 0.7)]
)


def fit(X, y):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(200):
        dw, db = gradient(w, b, X, y)
        w, b = w - 5.0 * dw, b - 5.0 * db
    return w, b


w_fit, b_fit = fit(X_train, y_train)
