"""
cell = "choose"
loses = { test_choose = 2 }
says = "then show them to the winner alone"
"""


def choose(models, X_val, y_val, X_test, y_test):
    on_validation = [np.mean(model(X_val) == y_val) for model in models]
    on_test = [np.mean(model(X_test) == y_test) for model in models]
    best = int(np.argmax(on_validation))
    accuracy = on_test[best]
    return best, accuracy, np.sqrt(accuracy * (1 - accuracy) / len(y_test))
