"""
cell = "train"
loses = { test_train = 3 }
says = "a loop that never ends"
"""


def train(X, t, lr=1.0, max_epochs=100):
    w, mistakes = np.zeros(X.shape[1] + 1), [1]
    while mistakes[-1] != 0:
        wrong = 0
        for x_i, t_i in zip(X, t):
            wrong += int(w[0] + w[1:] @ x_i > 0) != t_i
            w = update(w, x_i, t_i, lr)
        mistakes.append(int(wrong))
    return w, mistakes[1:]
