"""One neuron against the lectures' printed digits, the theorems, and central differences."""

import numpy as np
import pytest

from course_utils.checks import check_gradient
from course_utils.nn import perceptron as p

X_FOUR = np.array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]])
Y_FOUR = np.array([0, 1, 0, 1])
W_START = np.array([-0.2, 0.4, -1.0])
UNSEEN = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]])

X_LOGIC = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
T_XOR = np.array([0, 1, 1, 0])


def separable(rng, n=40, features=2, margin=0.05):
    u = rng.normal(size=features + 1) * [0.2, *[1.0] * features]  # a small bias, so that both classes occur
    u /= np.linalg.norm(u)
    X = rng.uniform(-1, 1, size=(50 * n, features))
    distance = p.add_bias(X) @ u
    keep = np.flatnonzero(np.abs(distance) > margin)[:n]
    return X[keep], (distance[keep] > 0).astype(float)


# ── The step neuron ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_boundary_itself_is_answered_zero():
    assert p.perceptron_output([[1.5, 0.0]], w=[-1.5, 1.0, 1.0]) == 0


def test_an_update_moves_the_sum_by_the_squared_length_towards_the_target():
    rng = np.random.default_rng(0)
    for _ in range(50):
        w, x = rng.normal(size=4), rng.normal(size=4)
        wrong = 1 - p.step(w @ x)
        moved = p.perceptron_update(w, x, wrong, lr=0.3) @ x - w @ x
        assert moved == pytest.approx((2 * wrong - 1) * 0.3 * (x @ x))
        assert np.array_equal(p.perceptron_update(w, x, p.step(w @ x)), w)


@pytest.mark.parametrize("seed", range(20))
def test_separable_data_are_learned_within_the_bound_of_novikoff(seed):
    X, t = separable(np.random.default_rng(seed))
    run = p.train_perceptron(X, t, max_epochs=1300)
    assert run.mistakes[-1] == 0
    assert np.array_equal(p.perceptron_output(X, run.w), t)
    updates = len(run.path) - 1
    assert updates == sum(run.mistakes)
    assert 0 < updates <= (np.linalg.norm(p.add_bias(X), axis=1).max() / 0.05) ** 2


def test_the_path_starts_at_zero_and_ends_at_the_weights():
    run = p.train_perceptron(X_LOGIC, [0, 0, 0, 1])
    assert not run.path[0].any()
    assert np.array_equal(run.path[-1], run.w)
    assert run.mistakes == [1, 3, 3, 2, 1, 0]


def test_xor_is_never_learned_and_the_weights_go_round_in_a_circle():
    run = p.train_perceptron(X_LOGIC, T_XOR, max_epochs=200)
    assert len(run.mistakes) == 200
    assert min(run.mistakes) >= 1
    assert len(np.unique(run.path, axis=0)) < 10


def test_from_zero_weights_the_learning_rate_changes_no_answer():
    X, t = separable(np.random.default_rng(3))
    runs = [p.train_perceptron(X, t, lr=lr) for lr in (0.25, 1.0, 8.0)]
    assert runs[0].mistakes == runs[1].mistakes == runs[2].mistakes


@pytest.mark.parametrize(
    ("t", "words"),
    [([0, 1, 1], "one target per row"), ([0, 1, -1, 1], "are 0 and 1"), ([0, 1, 2, 1], "are 0 and 1")],
)
def test_targets_that_do_not_fit_are_refused(t, words):
    with pytest.raises(ValueError, match=words):
        p.train_perceptron(X_LOGIC, t)


# ── The sigmoid neuron ──────────────────────────────────────────────────────────────────────────────────────


def test_the_sigmoid_neither_overflows_nor_warns():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert p.sigmoid([-1e4, 1e4]).tolist() == [0, 1]
    z = np.linspace(-30, 30, 101)
    assert p.sigmoid(z) == pytest.approx(0.5 * (1 + np.tanh(z / 2)), rel=1e-12, abs=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_agrees_with_central_differences(seed, capsys):
    rng = np.random.default_rng(seed)
    X, y, w, b = rng.normal(size=(7, 3)), rng.integers(0, 2, 7), rng.normal(size=3), rng.normal()
    dw, db = p.neuron_gradient(X, y, w, b)
    check_gradient(
        lambda q: p.neuron_loss(X, y, q["w"], float(q["b"])),
        {"w": w, "b": b},
        {"w": dw, "b": db},
        n_examples=7,
    )
    assert "passed" in capsys.readouterr().out


def test_training_leaves_the_starting_weights_alone():
    w = W_START.copy()
    p.train_neuron(X_FOUR, Y_FOUR, w, epochs=3)
    assert np.array_equal(w, W_START)


# ── The lecture's numbers (lecture D), to every digit that it prints ────────────────────────────────────────


def test_lecture_first_outputs_and_loss():
    assert [f"{y:.3f}" for y in p.sigmoid(X_FOUR @ W_START)] == ["0.269", "0.310", "0.231", "0.354"]
    assert f"{p.neuron_loss(X_FOUR, Y_FOUR, W_START):.2f}" == "0.51"


def test_lecture_first_gradient_terms():
    y_hat = p.sigmoid(X_FOUR @ W_START)
    terms = (Y_FOUR - y_hat) * y_hat * (1 - y_hat)
    assert [f"{term:.3f}" for term in terms] == ["-0.053", "0.148", "-0.041", "0.148"]
    dw, _ = p.neuron_gradient(X_FOUR, Y_FOUR, W_START)
    assert f"{-dw[0]:.3f}" == "0.106"


def test_lecture_one_step():
    w, _, losses = p.train_neuron(X_FOUR, Y_FOUR, W_START, lr=1.0, epochs=1, bias=False)
    assert [f"{value:.3f}" for value in w] == ["-0.094", "0.695", "-0.799"]
    assert f"{losses[-1]:.2f}" == "0.38"


def test_lecture_hundred_epochs_without_bias():
    w, b, _ = p.train_neuron(X_FOUR, Y_FOUR, W_START, lr=1.0, epochs=100, bias=False)
    assert f"{p.sigmoid(UNSEEN[3] @ w):.8f}" == "0.98801299"
    assert p.sigmoid(UNSEEN[0] @ w + b) == 0.5


def test_lecture_hundred_epochs_with_bias_and_what_they_hide():
    w, b, losses = p.train_neuron(X_FOUR, Y_FOUR, W_START, b=-5.0, lr=0.1, epochs=100)
    assert f"{p.sigmoid(UNSEEN[0] @ w + b):.8f}" == "0.00720712"
    assert f"{p.sigmoid(UNSEEN[3] @ w + b):.4f}" == "0.0098"
    assert p.sigmoid(X_FOUR @ w + b).max() < 0.5
    assert losses[-1] > 0.99 * losses[0]


@pytest.mark.parametrize(("b", "right"), [(-5.0, 4), (5.0, 2)])
def test_what_the_data_leave_open_the_starting_bias_decides(b, right):
    w, b_end, losses = p.train_neuron(X_FOUR, Y_FOUR, W_START, b=b, lr=1.0, epochs=1000)
    assert losses[-1] < 0.002
    assert b_end - w[2] == pytest.approx(b - W_START[2])
    answers = p.sigmoid(UNSEEN @ w + b_end) > 0.5
    assert (answers == UNSEEN[:, 1]).sum() == right


def test_the_plateau_of_exercise_plateau_is_as_long_as_its_solution_says():
    lengths = []
    for b in (-3.0, -4.0, -5.0, -6.0):
        _, _, losses = p.train_neuron(X_FOUR, Y_FOUR, W_START, b=b, lr=1.0, epochs=200)
        lengths.append(int(np.argmax(np.array(losses) < 0.5)))
    assert lengths == [9, 20, 50, 130]
