"""
cell = "choose"
loses = { test_choose = 2 }
says = "which take no part in the choice"
"""


def choose(models, X_val, y_val, X_test, y_test):
    best = int(np.argmax([np.mean(model(X_test) == y_test) for model in models]))
    accuracy = np.mean(models[best](X_test) == y_test)
    return best, accuracy, np.sqrt(accuracy * (1 - accuracy) / len(y_test))
