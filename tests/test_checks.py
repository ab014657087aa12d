"""Every check passes a right answer, fails a wrong one, names the mistake, and cannot be talked round."""

import subprocess
import sys

import numpy as np
import pytest

from course_utils.checks import (
    CheckFailed,
    check_between,
    check_choice,
    check_close,
    check_gradient,
    check_raises,
    check_shape,
    diagnose,
    unpacked,
)

SEEDS = range(5)


def message(check, *args, **options) -> str:
    """What the student reads when the check fails."""
    with pytest.raises(CheckFailed) as failure:
        check(*args, **options)
    return str(failure.value)


# ── Hostile answers ─────────────────────────────────────────────────────────────────────────────────────────


class Agreeable:
    """Says yes to every comparison."""

    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = None

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__

    def __abs__(self):
        return 0.0

    def __bool__(self):
        return True


class AgreeableArray(np.ndarray):
    """Wrong numbers under methods that deny it."""

    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    __le__ = __lt__ = __ge__ = __gt__ = __eq__

    def __abs__(self):
        return np.zeros(np.ndarray.__len__(self))

    def __sub__(self, other):
        return np.zeros(np.ndarray.__len__(self))

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.zeros(3)

    def __array_function__(self, function, types, args, options):
        return True

    def __array__(self, *args, **options):
        return np.array([1.0, 2.0, 3.0])

    def astype(self, *args, **options):
        return np.array([1.0, 2.0, 3.0])


class AgreeableFloat(float):
    """A bad accuracy that claims to be within any bounds."""

    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = float.__hash__


class ArrayWithLies:
    """Turns into an array, as a framework's tensor does, but into one of a dishonest class."""

    def __array__(self, dtype=None, copy=None):
        return np.array([7.0, 8.0, 9.0]).view(AgreeableArray)


class AgreeableText(str):
    def lower(self):
        return self

    def __contains__(self, part):
        return True


class AgreeableError(ValueError):
    def __str__(self):
        return AgreeableText("nothing to see")


@pytest.mark.parametrize(
    "answer",
    [
        Agreeable(),
        [Agreeable()] * 3,
        np.array([Agreeable()] * 3),
        np.array([1.0, 2.0, 3.0], dtype=object),
        np.array([7.0, 8.0, 9.0]).view(AgreeableArray),
        ArrayWithLies(),
        np.ma.masked_array([7.0, 8.0, 9.0], mask=True),
        np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
        np.array(["1", "2", "3"]),
        np.zeros(3, dtype=[("x", float)]),
        np.array([1, 2, 3], dtype="datetime64[s]"),
        (1.0, 2.0, 3.0),
        "123",
        lambda: 1,
    ],
)
def test_no_object_talks_its_way_through(answer):
    with pytest.raises(CheckFailed):
        check_close(answer, [1.0, 2.0, 3.0])
    with pytest.raises(CheckFailed):
        check_gradient(lambda w: float(w @ [1.0, 2.0, 3.0]), np.ones(3), answer)


def test_honest_numbers_in_a_dishonest_class_are_judged_as_numbers():
    check_close(np.array([1.0, 2.0, 3.0]).view(AgreeableArray), [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "value", [AgreeableFloat(0.1), Agreeable(), np.array([0.1]).view(AgreeableArray), np.array(Agreeable())]
)
def test_no_number_talks_its_way_through(value):
    with pytest.raises(CheckFailed):
        check_between(value, 0.9, 1.0)


class AgreeableChoice(str):
    """A wrong letter that is equal to every other."""

    def __eq__(self, other):
        return True

    __ne__ = __eq__
    __hash__ = str.__hash__


class Disguised:
    """Says that it is text, and any text."""

    __class__ = str

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    "answer",
    [Agreeable(), AgreeableChoice("C"), np.str_("B"), pytest.param(Disguised(), id="disguised"), ["B"], b"B", 1, None],
)
@pytest.mark.parametrize("right", [None, "B"])
def test_no_choice_talks_its_way_through(answer, right):
    assert "expected" in message(check_choice, answer, right)


def test_no_exception_talks_its_way_through():
    def refuse():
        raise AgreeableError

    assert "'shape'" in message(check_raises, ValueError, refuse, says="shape")


# ── check_shape ─────────────────────────────────────────────────────────────────────────────────────────────


def test_right_shapes_pass(capsys):
    check_shape(np.zeros((5, 10)), (5, 10), name="Y")
    check_shape(np.zeros((5, 10)), [None, 10], name="Y")
    check_shape(0.5, (), name="loss")
    assert capsys.readouterr().out.splitlines() == [
        "passed: Y has shape (5, 10)",
        "passed: Y has shape (5, 10)",
        "passed: loss has shape ()",
    ]


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (None, (3,), "return"),
        ([1.0, 2.0], (2,), "is a list"),
        ((1.0, 2.0), (2,), "is a tuple"),
        ([[1.0], [2.0, 3.0]], (2,), "is a list"),
        ("text", (), "str"),
        (1.0, (3,), "single number"),
        (np.zeros(3), (), "one number is expected"),
        (np.zeros((1, 1)), (), "one number is expected"),
        (np.zeros((2, 3)), (3, 2), "transpose"),
        (np.zeros((10, 7)), (None, 10), "transpose"),
        (np.zeros((5, 1)), (5,), "[:, 0]"),
        (np.zeros((5, 1)), (None,), "[:, 0]"),
        (np.zeros(5), (5, 1), "[:, None]"),
        (np.zeros(5), (None, 1), "[:, None]"),
        (np.zeros((5, 5)), (5,), "broadcast"),
        (np.zeros((5, 5)), (5, 1), "broadcast"),
        (np.zeros((5, 3)), (3,), "over the batch"),
        (np.zeros(10), (None, 10), "batch axis is missing"),
        (np.zeros(10), (4, 10), "batch axis is missing"),
        (np.zeros((5, 7)), (None, 10), "print the shape"),
        (np.zeros((5, 5)), (4, 1), "print the shape"),
        (np.zeros((5, 7)), (5,), "print the shape"),
        (np.zeros((5, 1)), (7,), "print the shape"),
        (np.zeros((2, 5, 5)), (None, 5, 5, 3), "print the shape"),
    ],
)
def test_wrong_shapes_are_explained(answer, expected, words):
    text = message(check_shape, answer, expected, name="Y")
    assert text.startswith("Y ") and words in text


def test_a_wrong_shape_is_stated_beside_the_right_one():
    assert "Y has shape (5, 7), expected (any, 10)" in message(check_shape, np.zeros((5, 7)), (None, 10), name="Y")


def test_what_numpy_cannot_read_is_refused_with_its_own_words():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("use .detach().numpy()")

    text = message(check_shape, Tensor(), (3,), name="Y")
    assert "Tensor" in text and ".detach()" in text


# ── check_close ─────────────────────────────────────────────────────────────────────────────────────────────

EXPECTED = np.array([[0.31, -1.27, 2.453], [0.8, 0.64159, -3.3], [1.72, 0.4, 0.05]])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (EXPECTED * (1 + 5e-7), EXPECTED),
        (EXPECTED + 5e-10, EXPECTED),
        (EXPECTED + 2j, EXPECTED + 2j),
        (np.array([True, False]), [1, 0]),
        (np.arange(3), [0.0, 1.0, 2.0]),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.array([np.inf, 1.0]), [np.inf, 1.0]),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_right_values_pass(answer, expected):
    check_close(answer, expected)


def test_the_line_of_a_pass_does_not_depend_on_roundoff(capsys):
    check_close(EXPECTED, EXPECTED, name="Y")
    check_close(EXPECTED * (1 + 1e-9), EXPECTED, name="Y")
    check_close(EXPECTED, EXPECTED, name="Y", rtol=0, atol=2.5e-3)
    check_close(EXPECTED, EXPECTED, name="Y", rtol=0, atol=0)
    assert capsys.readouterr().out.splitlines() == [
        "passed: Y agrees to 1e-6",
        "passed: Y agrees to 1e-6",
        "passed: Y agrees to 2.5e-3",
        "passed: Y agrees exactly",
    ]


@pytest.mark.parametrize("factor", [1 + 2e-6, 1 - 2e-6])
def test_each_entry_is_held_to_the_tolerance(factor):
    answer = EXPECTED.copy()
    answer[2, 2] *= factor
    text = message(check_close, answer, EXPECTED, name="Y")
    assert "1 of 9" in text and "Y[2, 2] = 0.05, came 0.0" in text


def test_the_absolute_tolerance_counts_too():
    assert "1 of 1" in message(check_close, 2e-9, 0.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (-EXPECTED, "the sign is flipped."),
        (60 * EXPECTED, "60 times too large, the number of examples: did you average"),
        (EXPECTED / 60, "60 times too small"),
        (-60 * EXPECTED, "the sign is flipped, and it is 60 times too large"),
        (2 * EXPECTED, "twice too large"),
        (EXPECTED / 2, "half of"),
        (1.37 * EXPECTED, "constant factor of 1.37"),
        (EXPECTED.T, "transpose"),
        (EXPECTED[::-1], "axis 0 is in reverse"),
        (EXPECTED[:, ::-1], "axis 1 is in reverse"),
        (EXPECTED[:, [1, 2, 0]], "another order"),
        (EXPECTED.astype(int), "integers"),
        (np.rint(EXPECTED), "integers"),
        (EXPECTED.round(2), "rounded to 2 decimals"),
        (EXPECTED.astype(np.float32) * np.float32(1.000002), "float32"),
        (EXPECTED + 5e-7, "right to 5 digits only"),
        (EXPECTED + 1.5, "a constant is added, 1.5 everywhere"),
        (np.zeros((3, 3)), "0 everywhere"),
        (np.full((3, 3), 0.7), "same number everywhere"),
        (np.maximum(EXPECTED, 0), "0 where it should not be"),
    ],
)
def test_misconceptions_are_named(answer, words):
    text = message(check_close, answer, EXPECTED, name="Y", n_examples=60)
    assert "likely cause: " in text and words in text


def test_an_unknown_mistake_names_its_worst_entry_and_a_next_step():
    answer = EXPECTED.copy()
    answer[1, 2], answer[0, 0] = 3.0, 0.3
    text = message(check_close, answer, EXPECTED, name="Y")
    assert text.splitlines() == [
        "Y is wrong: 2 of 9 entries differ.",
        "  expected Y[1, 2] = -3.3, came 3",
        "  next step: work out this entry by hand, term by term.",
    ]


def test_enough_digits_are_shown_to_see_the_difference():
    assert "0.33333333, came 0.33333433" in message(check_close, 1 / 3 + 1e-6, 1 / 3)
    assert message(check_close, -0.0, 0.5).splitlines()[1] == "  expected a = 0.5, came 0"
    assert "0.1000000000" in message(check_close, 0.1 + 1e-15, 0.1, rtol=0, atol=0)


def test_one_number_has_no_shape_to_compare_factors_by():
    assert "next step" in message(check_close, 0.52173, 0.31177)
    assert "60 times" in message(check_close, 60 * 0.31177, 0.31177, n_examples=60)


@pytest.mark.parametrize("n", [None, 1])
def test_without_a_batch_the_factor_has_no_name(n):
    text = message(check_close, 60 * EXPECTED, EXPECTED, n_examples=n)
    assert "constant factor of 60" in text and "average" not in text


def test_two_examples_are_recognized_before_a_factor_of_two():
    assert "average over the batch" in message(check_close, 2 * EXPECTED, EXPECTED, n_examples=2)
    assert "twice too large" in message(check_close, 2 * EXPECTED, EXPECTED)


def test_two_entries_are_enough_to_tell_a_factor_from_a_shift():
    two = EXPECTED[0, :2]
    assert "factor of 1.4" in message(check_close, 1.4 * two, two)
    assert "constant is added" in message(check_close, two + 1.5, two)


def test_a_small_entry_is_not_hidden_by_a_large_one():
    assert diagnose(np.array([1e6, 5.0]), np.array([1e6, 1e-3])) is None
    assert diagnose(np.array([5.0, 1.0]), np.array([np.inf, 1.0])) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([0.1, np.nan, 0.3], "a[1] is NaN"),
        ([0.1, 0.2, -np.inf], "a[2] is infinity"),
        ([np.nan] * 3, "a[0] is NaN"),
    ],
)
def test_values_that_are_not_finite_are_located(answer, words):
    text = message(check_close, np.array(answer), [0.1, 0.2, 0.3])
    assert words in text and "overflow" in text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([1.0, 1.0], [np.inf, 1.0]),
        ([-np.inf, 1.0], [np.inf, 1.0]),
        ([np.inf, 2.0], [np.inf, 1.0]),
        ([1.0], [np.nan]),
    ],
)
def test_an_infinite_or_undefined_expectation_lets_nothing_through(answer, expected):
    assert "is wrong: 1 of" in message(check_close, np.array(answer), expected)


def test_huge_numbers_raise_no_warning():
    assert "is wrong" in message(check_close, np.array([1e308, -1e308]), [-1e308, 1e300])


def test_a_hint_names_the_mistake_of_this_task():
    hints = {
        "no.": np.ones(2),
        "never.": 0.7,
        "you used the target.": EXPECTED + 0.1,
        "you summed over the wrong axis.": EXPECTED.sum(0),
    }
    assert "cause: you used the target." in message(check_close, EXPECTED + 0.1, EXPECTED, hints=hints)
    assert "(3, 3): you summed over" in message(check_close, EXPECTED.sum(0), EXPECTED, hints=hints)
    assert "the sign" in message(check_close, -EXPECTED, EXPECTED, hints=hints)
    assert "same number" in message(check_close, np.full((3, 3), 0.7), EXPECTED, hints=hints)


def test_the_arrays_of_the_caller_stay_as_they_are():
    answer, expected = -EXPECTED, EXPECTED.copy()
    for array in (answer, expected):
        array.flags.writeable = False
    message(check_close, answer, expected, hints={"no": expected + 1})
    message(check_gradient, lambda w: np.sum(w**2), expected, answer)


# ── check_between ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("value", [0.95, 0.97, 1.0, 1, np.float32(0.96), np.array(0.96), 0.94, 1.01])
def test_numbers_within_the_bounds_pass(value, capsys):
    check_between(value, 0.95, 1, slack=0.01)
    assert capsys.readouterr().out == "passed: accuracy (goal: at least 0.95, at most 1)\n"


def test_a_side_can_be_open(capsys):
    check_between(1e9, 0.95, None)
    check_between(-1e9, None, 0.3, name="loss")
    assert capsys.readouterr().out.splitlines() == [
        "passed: accuracy (goal: at least 0.95)",
        "passed: loss (goal: at most 0.3)",
    ]


@pytest.mark.parametrize(
    ("value", "bounds", "words"),
    [
        (0.91, (0.95, 1.0), "accuracy is 0.91, 0.04 too low: expected at least 0.95, at most 1.0."),
        (0.939, (0.95, None), "0.011 too low"),
        (1.02, (None, 1.0), "0.02 too high: expected at most 1.0."),
        (1.02, (0.95, 1.0), "0.02 too high"),
        (95, (0.95, 1.0), "percentage"),
        (100, (0.95, 1.0), "percentage"),
        (np.nan, (None, 1.0), "NaN"),
        (np.inf, (0.9, None), "infinity"),
        (True, (0.9, 1.0), "bool"),
        (np.bool_(True), (0.9, 1.0), "bool"),
        ("0.97", (0.9, 1.0), "str"),
        (0.97 + 0j, (0.9, 1.0), "complex"),
        (np.array([0.97]), (0.9, 1.0), "one number is expected"),
        ([0.97], (0.9, 1.0), "is a list"),
        (None, (0.9, 1.0), "return"),
    ],
)
def test_numbers_outside_are_refused(value, bounds, words):
    assert words in message(check_between, value, *bounds, slack=0.01)


def test_a_bound_that_is_not_a_number_lets_nothing_through():
    assert "expected at least nan" in message(check_between, 0.5, np.nan, 1.0)


def test_no_percentage_is_suspected_below_the_bounds():
    assert "percentage" not in message(check_between, -50, -1, None)
    assert "percentage" not in message(check_between, 50, None, 1)


def test_a_hint_tells_the_next_step():
    assert "next step: train longer" in message(check_between, 0.5, 0.9, 1, hint="train longer")
    assert "next step" not in message(check_between, 0.5, 0.9, 1)


# ── check_raises ────────────────────────────────────────────────────────────────────────────────────────────


def refuse(error, text=""):
    raise error(text)


def test_a_clear_error_passes(capsys):
    check_raises(ValueError, refuse, ValueError, "Shape (2, 3)", name="f", says="shape")
    check_raises(ValueError, refuse, UnicodeError)
    check_raises(NotImplementedError, refuse, NotImplementedError)
    assert capsys.readouterr().out.startswith("passed: f raises ValueError\n")


def test_a_missing_or_other_error_is_refused():
    text = message(check_raises, ValueError, int, "3", name="int")
    assert "int returns int, expected ValueError" in text and "`raise ValueError(...)`" in text
    assert "raises TypeError (no)" in message(check_raises, ValueError, refuse, TypeError, "no")
    assert "without a word about 'shape' (no)" in message(
        check_raises, ValueError, refuse, ValueError, "no", says="shape"
    )


@pytest.mark.parametrize("error", [Exception, RuntimeError])
def test_an_untouched_stub_is_no_answer_to_bad_input(error):
    with pytest.raises(NotImplementedError):
        check_raises(error, refuse, NotImplementedError)


# ── check_gradient ──────────────────────────────────────────────────────────────────────────────────────────


def tanh_net(seed, activation=np.tanh, slope=lambda z: 1 - np.tanh(z) ** 2, N=12):
    """The mean squared error of a 4-3-2 net, its parameters and its gradients."""
    rng = np.random.default_rng(seed)
    X, T = rng.normal(size=(N, 4)), rng.normal(size=(N, 2))
    params = {
        "W1": rng.normal(size=(4, 3)),
        "b1": rng.normal(size=3),
        "W2": rng.normal(size=(3, 2)),
        "b2": rng.normal(size=2),
    }

    def loss(p):
        return np.sum((activation(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"] - T) ** 2) / (2 * N)

    Z1 = X @ params["W1"] + params["b1"]  # (N, 3)
    A1 = activation(Z1)
    delta2 = (A1 @ params["W2"] + params["b2"] - T) / N  # (N, 2)
    delta1 = delta2 @ params["W2"].T * slope(Z1)  # (N, 3)
    grads = {"W1": X.T @ delta1, "b1": delta1.sum(0), "W2": A1.T @ delta2, "b2": delta2.sum(0)}
    return loss, params, grads, delta2


def softmax_net(seed, N=10):
    """The cross-entropy of a softmax layer with as many inputs as classes, so that W is square."""
    rng = np.random.default_rng(seed)
    X, T = rng.normal(size=(N, 3)), np.eye(3)[rng.integers(3, size=N)]
    params = {"W": rng.normal(size=(3, 3)), "b": rng.normal(size=3)}

    def probabilities(p):
        Z = X @ p["W"] + p["b"]
        exp = np.exp(Z - Z.max(1, keepdims=True))
        return exp / exp.sum(1, keepdims=True)

    def loss(p):
        return -np.sum(T * np.log(probabilities(p))) / N

    delta = (probabilities(params) - T) / N  # (N, 3)
    return loss, params, {"W": X.T @ delta, "b": delta.sum(0)}, delta


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e8])
def test_right_gradients_pass_at_every_scale(seed, scale):
    for loss, params, grads, _ in (tanh_net(seed), softmax_net(seed)):
        check_gradient(lambda p, f=loss: scale * f(p), params, {name: scale * g for name, g in grads.items()})


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("net", [tanh_net, softmax_net])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda g: -g, "sign"),
        (lambda g: 2 * g, "twice"),
        (lambda g: g / 2, "half"),
        (lambda g: g * 12, "12 times too large"),
        (lambda g: g / 12, "12 times too small"),
        (lambda g: g * 1.1, "constant factor of 1.1"),
        (lambda g: g * 0, "0 everywhere"),
        (lambda g: g[::-1], "axis 0 is in reverse"),
        (lambda g: g + 0.3, "a constant is added"),
        (lambda g: g * (g < g.max()), "0 where it should not be"),
        (lambda g: g + 3e-5 * g.max() * (g == g.max()), "next step"),
    ],
)
def test_planted_mistakes_are_named(seed, net, which, mistake, words):
    loss, params, grads, _ = net(seed)
    name = list(params)[which]
    text = message(check_gradient, loss, params, grads | {name: mistake(grads[name])}, n_examples=12)
    assert text.startswith(f"gradient of {name} is wrong") and words in text
    assert f"expected gradient of {name}[" in text
    assert f"of the gradients: {', '.join(f'{n} wrong' if n == name else f'{n} right' for n in params)}" in text


@pytest.mark.parametrize("scale", [1e-8, 1e40])
def test_mistakes_are_named_at_every_scale(scale):
    loss, params, grads, _ = softmax_net(0)
    wrong = {name: -scale * g for name, g in grads.items()}
    assert "sign" in message(check_gradient, lambda p: scale * loss(p), params, wrong)
    wrong = {name: 1.01 * scale * g for name, g in grads.items()}
    assert "factor of 1.01" in message(check_gradient, lambda p: scale * loss(p), params, wrong)


def test_the_roundoff_of_a_large_loss_is_no_mistake():
    w = np.array([0.3, -1.1, 0.7])
    check_gradient(lambda w: 1e6 + np.sum(w**2), w, 2 * w)
    assert "3 of 3" in message(check_gradient, lambda w: 1e6 + np.sum(w**2), w, 2.1 * w)


def test_roundoff_is_no_kink():
    w = np.array([0.3, -1.1, 0.7])
    assert "3 of 3" in message(check_gradient, lambda w: 0.1 * ((1e9 + np.sum(w**2)) - 1e9), w, -0.2 * w)


@pytest.mark.parametrize("seed", SEEDS)
def test_mistakes_of_shape_are_named(seed):
    loss, params, grads, delta = softmax_net(seed)
    assert "transpose" in message(check_gradient, loss, params, grads | {"W": grads["W"].T})
    text = message(check_gradient, loss, params, grads | {"b": delta})
    assert "gradient of b has shape (10, 3)" in text and "over the batch" in text
    loss, params, grads, _ = tanh_net(seed)
    text = message(check_gradient, loss, params, grads | {"W1": grads["W1"].T})
    assert "gradient of W1 has shape (3, 4)" in text and "transpose" in text


def test_keys_and_types_of_the_gradients_are_checked():
    loss, params, grads, _ = softmax_net(0)
    assert "missing ['W']" in message(check_gradient, loss, params, {"b": grads["b"]})
    assert "not asked for ['X']" in message(check_gradient, loss, params, grads | {"X": 0})
    assert "`return`" in message(check_gradient, loss, params, None)
    assert "are a tuple" in message(check_gradient, loss, params, tuple(grads.values()))
    assert "gradient of b is None" in message(check_gradient, loss, params, grads | {"b": None})
    assert "gradient of b[1] is NaN" in message(
        check_gradient, loss, params, grads | {"b": [1, np.nan, 1] * np.ones(3)}
    )
    assert "should have the keys []" in message(check_gradient, loss, {}, {})


def test_a_single_array_a_number_and_large_weights_pass(capsys):
    check_gradient(lambda w: np.sum(w**3), np.array([1.0, -2.0]), np.array([3.0, 12.0]))
    check_gradient(lambda b: b**2, 3, 6.0)
    check_gradient(lambda w: np.sum(w**3), np.array([1e6, 2e6]), np.array([3e12, 12e12]))
    assert capsys.readouterr().out == (
        "passed: gradient of w (2,) agrees to 1e-6\n"
        "passed: gradient of w () agrees to 1e-6\n"
        "passed: gradient of w (2,) agrees to 1e-6\n"
    )


def test_a_wrong_number_is_refused():
    assert message(check_gradient, lambda b: b**2, 3.0, 6.1).splitlines() == [
        "gradient of w is wrong: 1 of 1 entries differ.",
        "  expected gradient of w = 6, came 6.1",
        "  next step: work out this entry by hand, term by term.",
    ]


def test_a_gradient_of_zero_passes():
    check_gradient(lambda w: 2.3 + 0 * np.sum(w), np.ones(3), np.zeros(3))
    check_gradient(lambda w: 0 * np.sum(w), np.ones(3), np.zeros(3))


def test_inputs_of_hundreds_pass():
    X = np.array([[255.0, 200.0], [-120.0, 255.0]])
    w = np.array([0.003, -0.002])
    check_gradient(lambda w: np.sum(np.tanh(X @ w)), w, X.T @ (1 - np.tanh(X @ w) ** 2))
    X *= 6  # here the first step is too coarse, and the finer one decides
    check_gradient(lambda w: np.sum(np.tanh(X @ w)), w / 6, X.T @ (1 - np.tanh(X @ w / 6) ** 2))


def test_a_large_parameter_is_sampled(capsys):
    w = np.random.default_rng(1).normal(size=(60, 50))
    calls = []

    def loss(w):
        calls.append(1)
        return np.sum(w**2) / 2

    check_gradient(loss, w, w)
    assert capsys.readouterr().out == "passed: gradient of w (60, 50), 100 of 3000 entries agrees to 1e-6\n"
    assert len(calls) < 210
    assert "sign" in message(check_gradient, loss, w, -w)
    assert "7 of 7 entries" in message(check_gradient, loss, w, -w, max_entries=7)
    square = w[:50]
    A = np.random.default_rng(2).normal(size=(50, 50))
    assert "transpose" in message(check_gradient, lambda w: np.sum(A * w), square, A.T)
    assert "axis 1" in message(check_gradient, lambda w: np.sum(A * w), square, A[:, ::-1])
    half = np.where(np.arange(50) < 25, w, 0)
    text = {message(check_gradient, loss, w, half, rng=np.random.default_rng(seed)) for seed in (3, 3, 4)}
    assert len(text) == 2


def test_all_entries_of_a_small_parameter_are_measured():
    w = np.ones((10, 10))
    grad = w.copy()
    grad[9, 9] = 1.001
    text = message(check_gradient, lambda w: np.sum(w**2) / 2, w, grad)
    assert "1 of 100" in text and "gradient of w[9, 9] = 1, came 1.001" in text


def test_the_loss_cannot_change_the_parameters():
    params = {"w": np.array([1.0, 2.0]), "b": np.array([0.5])}

    def loss(p):
        value = np.sum(p["w"] ** 2) + np.sum(p["b"])
        for array in p.values():
            array += 7
        p.clear()
        return value

    check_gradient(loss, params, {"w": np.array([2.0, 4.0]), "b": np.ones(1)})
    np.testing.assert_array_equal(params["w"], [1.0, 2.0])
    np.testing.assert_array_equal(params["b"], [0.5])


def test_float32_parameters_are_measured_in_float64():
    w = np.array([0.1, 0.2], dtype=np.float32)
    seen = []

    def loss(w):
        seen.append(w.dtype)
        return np.sum(w**2)

    check_gradient(loss, w, 2 * w)
    assert set(seen) == {np.dtype(float)}


@pytest.mark.parametrize("cast", [np.float32, lambda x: float(np.float32(x))])
def test_a_loss_in_float32_is_named(cast):
    loss, params, grads, _ = tanh_net(0)
    assert "computes in float32" in message(check_gradient, lambda p: cast(loss(p)), params, grads)


def test_a_loss_in_float32_passes_if_the_step_and_the_tolerance_fit():
    loss, params, grads, _ = tanh_net(0)
    check_gradient(lambda p: np.float32(loss(p)), params, grads, h=1e-2, rtol=1e-2)


def test_a_gradient_in_float32_is_named():
    loss, params, grads, _ = tanh_net(0)
    coarse = {name: (g * (1 + 3e-6)).astype(np.float32) for name, g in grads.items()}
    assert "digits of a float32" in message(check_gradient, loss, params, coarse)


def test_a_loss_that_ignores_its_argument_is_named():
    loss, params, grads, _ = tanh_net(0)
    assert "does not change with W1" in message(check_gradient, lambda p: loss(params), params, grads)
    assert "does not change with w" in message(check_gradient, lambda w: 0.5, np.ones(3), np.ones(3))


def test_a_hint_names_the_wrong_gradient_that_earns_it():
    w, b = np.array([1.0, 2.0]), 3.0
    params, right = {"w": w, "b": b}, {"w": 2 * w, "b": 2 * b}
    hints = {"that is the loss of another chapter": {"w": w + 5, "b": 2 * b}, "the cube, not the square": {"b": 27.0}}

    def loss(p):
        return np.sum(p["w"] ** 2) + np.sum(p["b"] ** 2)

    wrong_w = message(check_gradient, loss, params, {**right, "w": w + 5}, hints=hints)
    assert "likely cause: that is the loss of another chapter" in wrong_w
    wrong_b = message(check_gradient, loss, params, {**right, "b": 27.0}, hints=hints)
    assert "likely cause: the cube, not the square" in wrong_b
    assert "the sign is flipped" in message(check_gradient, loss, params, {**right, "b": -2 * b}, hints=hints)
    single = message(check_gradient, lambda v: np.sum(v**2), w, w + 5, hints={"another chapter again": w + 5})
    assert "likely cause: another chapter again" in single


def test_a_loss_that_is_no_number_or_not_the_same_twice_is_named():
    w, rng = np.ones(3), np.random.default_rng(0)
    assert "not the same twice" in message(check_gradient, lambda w: np.sum(w) + rng.normal(), w, w)
    assert "not the same twice" in message(check_gradient, lambda w: np.sum(w) + 1e-9 * rng.normal(), w, w)
    check_gradient(lambda w: np.sum(w) + 1e-14 * rng.normal(), w, w)
    assert "loss(params) has shape (3,)" in message(check_gradient, lambda w: w**2, w, w)
    assert "loss(params) is NaN" in message(check_gradient, lambda w: np.nan, w, w)
    assert "loss(params) is None" in message(check_gradient, lambda w: None, w, w)
    with np.errstate(all="ignore"):
        assert "loss(params) is infinity" in message(check_gradient, lambda w: np.log(w - 1).sum(), w, w)


def test_kinks_are_left_out_and_said(capsys):
    w = np.array([0.0, 1.0, -1.0])

    def relu(w):
        return np.sum(np.maximum(w, 0))

    for at_zero in (0.0, 1.0):
        check_gradient(relu, w, np.array([at_zero, 1.0, 0.0]))
    check_gradient(relu, w, np.array([0.5, 1.0, 0.0]))
    line = "passed: gradient of w (3,), 1 at a kink left out agrees to 1e-6\n"
    assert capsys.readouterr().out == 2 * line + "passed: gradient of w (3,) agrees to 1e-6\n"
    text = message(check_gradient, relu, w, np.array([0.0, 1.0, 1.0]))
    assert "1 of 2 entries" in text and "w[2]" in text


def test_a_kink_beside_the_point_is_stepped_over(capsys):
    w = np.array([3e-6, -2e-6, 1.0])
    check_gradient(lambda w: np.sum(np.maximum(w, 0)), w, np.array([1.0, 0.0, 1.0]))
    assert "kink" not in capsys.readouterr().out


def test_a_check_that_compares_nothing_does_not_pass():
    text = message(check_gradient, lambda w: np.sum(np.abs(w)), np.zeros(3), np.zeros(3) + 0.3)
    assert "cannot be measured" in text and "kink" in text


@pytest.mark.parametrize("seed", range(20))
def test_a_relu_net_passes_and_its_mistakes_do_not_hide_at_kinks(seed):
    loss, params, grads, _ = tanh_net(seed, lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float))
    check_gradient(loss, params, grads)
    text = message(check_gradient, loss, params, grads | {"W1": grads["W1"] * 1.0001})
    assert "W1 wrong, b1 right" in text


def test_curvature_is_no_kink():
    w = np.array([0.01, 0.02])
    assert "2 of 2" in message(check_gradient, lambda w: np.sum(np.sin(100 * w)), w, np.cos(100 * w))


# ── check_choice ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_choice_is_judged_and_the_visible_form_does_not_tell_which_is_right(capsys):
    check_choice("B", "B", name="answer_4")
    assert capsys.readouterr().out == "passed: answer_4 is right\n"
    for letter in "ABCD":
        check_choice(letter, name="answer_4")
    assert set(capsys.readouterr().out.splitlines()) == {'passed: answer_4 is one of "A", "B", "C", "D"'}


def test_a_wrong_choice_gets_its_own_hint_or_that_for_all():
    assert (
        message(check_choice, "C", "B", name="x", hints="read on.") == 'x is "C": not that one.\n  next step: read on.'
    )
    hints = {"A": "too few.", "C": "too many."}
    assert "too many" in message(check_choice, "C", "B", hints=hints)
    assert message(check_choice, "D", "B", hints=hints) == 'answer is "D": not that one.'


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            "...",
            'answer is \'...\', expected "A", "B", "C" or "D".\n  next step: write one of these, in quotation marks.',
        ),
        (" b", 'write "B", exactly so'),
        ("AB", "write one of these"),
        (None, "answer is None, expected"),
        (["B"], "answer is a list, expected"),
        (2, "answer is 2, expected"),
    ],
)
@pytest.mark.parametrize("right", [None, "B"])
def test_what_is_no_choice_is_told_the_choices(answer, words, right):
    assert words in message(check_choice, answer, right)


def test_choices_may_be_words():
    words = ("right", "one-sided", "wrong")
    check_choice("wrong", "wrong", choices=words)
    assert 'expected "right", "one-sided" or "wrong"' in message(check_choice, "A", choices=words)


# ── unpacked ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answer", [(1, 2), [1, 2], np.array([1, 2])])
def test_what_comes_in_the_right_number_comes_back(answer):
    first, second = unpacked(answer, "mu, sigma")
    assert (first, second) == (1, 2)


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (None, "None: did you forget `return`?"),
        (0.5, "0.5"),
        ((1, 2, 3), "(1, 2, 3)"),
        ([1], "[1]"),
        (np.array(2), "array(2)"),
        ("ab", "'ab'"),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_what_comes_in_another_number_or_form_is_shown(answer, came):
    assert message(unpacked, answer, "mu, sigma") == f"expected 2 results, `return mu, sigma`; came {came}"


# ── Around the checks ───────────────────────────────────────────────────────────────────────────────────────


def test_importing_the_checks_loads_no_framework():
    code = (
        "import sys, course_utils.checks; "
        "print([m for m in ('torch', 'tensorflow', 'matplotlib', 'IPython', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.slow
def test_a_notebook_shows_the_message_alone_and_the_grader_still_sees_an_error(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    cells = [
        "from course_utils.checks import check_close\ncheck_close(1.0, 1.0, name='b')",
        "check_close(-0.5, 0.5, name='loss')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="the sign is flipped"):
        client.execute()
    (passed,), (failed,) = (cell.outputs for cell in notebook.cells)
    assert passed.text == "passed: b agrees to 1e-6\n"
    assert (failed.output_type, failed.ename) == ("error", "CheckFailed")
    assert failed.evalue.splitlines() == [
        "loss is wrong: 1 of 1 entries differ.",
        "  expected loss = 0.5, came -0.5",
        "  likely cause: the sign is flipped.",
    ]
    assert "\n".join(failed.traceback) == f"CheckFailed: {failed.evalue}"
