"""
cell = "cross_predict"
loses = { test_cross_predict = 2 }
says = "make folds of events, not of rows"
"""


def cross_predict(X, y, events, k, fit):
    fold, scores = np.arange(len(X)) % k, np.empty(len(X))
    for i in range(k):
        predict = fit(X[fold != i], y[fold != i])
        scores[fold == i] = predict(X[fold == i])
    return scores
