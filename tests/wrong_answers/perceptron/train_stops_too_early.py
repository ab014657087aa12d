"""
cell = "train"
loses = { test_train = 3 }
says = "the one without a mistake"
"""


def train(X, t, lr=1.0, max_epochs=100):
    w, mistakes = np.zeros(X.shape[1] + 1), []
    for _ in range(max_epochs):
        wrong = 0
        for x_i, t_i in zip(X, t):
            wrong += int(w[0] + w[1:] @ x_i > 0) != t_i
            w = update(w, x_i, t_i, lr)
        if wrong == 0:
            break
        mistakes.append(int(wrong))
    return w, mistakes
