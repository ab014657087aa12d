"""
cell = "train"
loses = { test_train = 3 }
says = "correct after each row"
"""


def train(X, t, lr=1.0, max_epochs=100):
    X_1, w, mistakes = np.c_[np.ones(len(X)), X], np.zeros(X.shape[1] + 1), []
    for _ in range(max_epochs):
        error = t - (X_1 @ w > 0)
        mistakes.append(int(np.abs(error).sum()))
        if mistakes[-1] == 0:
            break
        w = w + lr * X_1.T @ error
    return w, mistakes
