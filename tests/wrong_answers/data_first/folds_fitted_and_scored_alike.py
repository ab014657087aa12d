"""
cell = "cross_predict"
loses = { test_cross_predict = 2 }
says = "scored by a model that was trained on them"
"""


def cross_predict(X, y, events, k, fit):
    fold, scores = mix(events) % np.uint64(k), np.empty(len(X))
    for i in range(k):
        predict = fit(X, y)
        scores[fold == i] = predict(X[fold == i])
    return scores
