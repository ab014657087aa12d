"""benchmarks/lecture_mnist.py against the formulas on the slides, with examples in columns as there."""

import numpy as np
import pytest

from benchmarks import lecture_mnist
from course_utils.nn.layers import Network
from course_utils.nn.losses import one_hot

RNG = np.random.default_rng(0)
X = RNG.random((300, 784), dtype=np.float32) * (RNG.random((300, 784)) < 0.2)
Y = RNG.integers(0, 10, 300)


def slides(W, b, X, Y, m, epochs):
    """Gradient descent as on the slides: columns, ReLU everywhere, 2 (A − Y), divided by m."""
    W, b, Y = [w.astype(float) for w in W], [v.astype(float)[:, None] for v in b], Y.T
    for _ in range(epochs):
        Z, A = [], [X.T.astype(float)]
        for k in range(3):
            Z.append(W[k] @ A[k] + b[k])
            A.append(np.maximum(Z[k], 0))
        dZ = 2 * (A[3] - Y) * (Z[2] > 0)
        for k in (2, 1, 0):
            dW, db = dZ @ A[k].T / m, dZ.sum(axis=1, keepdims=True) / m
            dZ = (W[k].T @ dZ) * (Z[k - 1] > 0) if k else None
            W[k], b[k] = W[k] - 0.1 * dW, b[k] - 0.1 * db
    return W, b


@pytest.mark.parametrize(("mean_over", "m"), [("entries", 3000), ("examples", 300)])
def test_the_recipe_takes_the_steps_of_the_slides(mean_over, m, monkeypatch):
    kept = []
    monkeypatch.setattr(lecture_mnist, "Network", lambda *a, **k: kept.append(Network(*a, **k)) or kept[-1])
    start = Network([784, 16, 16, 10], np.random.default_rng(5), output="relu", init="uniform")
    assert all(0.4 < np.abs(w).max() <= 0.5 for dense in start.dense for w in (dense.W, dense.b))
    W, b = slides([d.W.T for d in start.dense], [d.b for d in start.dense], X, one_hot(Y, 10), m, epochs=20)
    line = lecture_mnist.run(mean_over, 5, (X, Y, X[:50], Y[:50]), epochs=20)
    for dense, W_column, b_column in zip(kept[0].dense, W, b, strict=True):
        assert np.abs(dense.W.T - W_column).max() < 2e-5
        assert np.abs(dense.b[:, None] - b_column).max() < 2e-5
    assert list(line) == lecture_mnist.COLUMNS
    assert float(line["last_cost"]) < float(line["first_cost"])


def test_dead_units_are_those_that_no_example_wakes():
    network = Network([784, 16, 16, 10], np.random.default_rng(5), output="relu", init="uniform")
    network.dense[0].b[[2, 7]] = -1e6
    network.dense[2].b[3] = -1e6
    hidden_1, _, classes = lecture_mnist.dead_units(network, X)
    assert {2, 7} <= set(hidden_1)
    assert 3 in classes
    assert len(classes) < 10


def test_seeds_that_are_in_the_table_are_not_run_again(tmp_path, monkeypatch):
    ran = []

    def fake(mean_over, seed, data, epochs):
        ran.append((seed, mean_over))
        return dict.fromkeys(lecture_mnist.COLUMNS, 0) | {"seed": seed, "mean_over": mean_over, "epochs": epochs}

    monkeypatch.setattr(lecture_mnist, "run", fake)
    monkeypatch.setattr(lecture_mnist, "lecture_data", lambda: ())
    table = tmp_path / "table.csv"
    for seeds in ("1", "2"):
        monkeypatch.setattr("sys.argv", ["lecture_mnist.py", "--seeds", seeds, "--table", str(table)])
        lecture_mnist.main()
    assert ran == [(0, "examples"), (0, "entries"), (1, "examples"), (1, "entries")]
    assert len(table.read_text().splitlines()) == 5
