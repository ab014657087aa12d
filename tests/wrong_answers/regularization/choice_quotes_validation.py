"""
cell = "choose"
loses = { test_choose = 2 }
says = "this is the score that won the choice"
"""


def choose(models, X_val, y_val, X_test, y_test):
    best = int(np.argmax([np.mean(model(X_val) == y_val) for model in models]))
    accuracy = np.mean(models[best](X_val) == y_val)
    return best, accuracy, np.sqrt(accuracy * (1 - accuracy) / len(y_test))
