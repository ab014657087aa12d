"""The one judge for the book, the student's notebook and the grader.

A check that passes prints one line, the same on every machine. One that fails raises `CheckFailed`, whose
message says what was expected, what came, the likely cause and the next step. What is judged is first copied
into a plain array of numbers, or is plain text, so that no comparison is left to the object under test.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64] | NDArray[np.complex128]
Mask = NDArray[np.bool_] | bool
Shape = tuple[int | None, ...]


class CheckFailed(AssertionError):  # noqa: N818
    """A check that did not pass. A notebook shows the message alone: IPython asks `_render_traceback_`.

    >>> CheckFailed("W is None")._render_traceback_()
    ['CheckFailed: W is None']
    """

    def _render_traceback_(self) -> list[str]:
        return f"CheckFailed: {self}".splitlines()


def check_shape(actual: object, expected: Shape, *, name: str = "a") -> None:
    """Pass if `actual` is an array (or a number) of the shape `expected`, where None stands for any length.

    >>> check_shape(np.zeros((5, 10)), (None, 10), name="Y")
    passed: Y has shape (5, 10)
    """
    array = _array(actual, name)
    _require_shape(array, expected, name)
    print(f"passed: {name} has shape {array.shape}")


@np.errstate(all="ignore")
def check_close(
    actual: object,
    expected: ArrayLike,
    *,
    name: str = "a",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    n_examples: int | None = None,
    hints: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Pass if `actual` has the shape of `expected` and is within atol + rtol |expected| of it everywhere.

    `n_examples` lets a forgotten average be named. `hints` maps a message to the wrong answer that earns it.

    >>> check_close(np.array([0.1, 0.2]) * 3, [0.3, 0.6], name="z")
    passed: z agrees to 1e-6
    >>> check_close(1.7, 0.7, name="loss", hints={"the 1 is added twice.": 1.7})
    Traceback (most recent call last):
    course_utils.checks.CheckFailed: loss is wrong: 1 of 1 entries differ.
      expected loss = 0.7, came 1.7
      likely cause: the 1 is added twice.
    """
    came, wanted = _array(actual, name), _array(np.asarray(expected), "expected")
    hint = _hint(came, hints)
    _require_shape(came, wanted.shape, name, hint)
    _require_finite(came, name, np.isfinite(wanted))
    near = np.isfinite(wanted) & (np.abs(came - wanted) <= atol + rtol * np.abs(wanted))
    wrong = ~(near | (came == wanted))  # equal, where infinity is wanted
    if wrong.any():
        cause = hint or diagnose(came, wanted, n_examples)
        raise CheckFailed(_wrong_values(name, came, wanted, wrong, cause))
    print(f"passed: {name} agrees {_to(max(rtol, atol))}")


def check_between(
    value: object,
    low: float | None,
    high: float | None,
    *,
    name: str = "accuracy",
    slack: float = 0.0,
    hint: str = "",
) -> None:
    """Pass if the number `value` lies between `low` and `high`; None leaves a side open.

    The messages state these bounds; the enforced ones are wider by `slack`, so that the luck of one training
    run costs no points. `hint` is the next step for a value outside.

    >>> check_between(0.948, 0.95, 1, slack=0.005)
    passed: accuracy (goal: at least 0.95, at most 1)
    """
    number = _number(value, name)
    lowest, highest = -np.inf if low is None else low, np.inf if high is None else high
    goal = ", ".join([f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None))
    if not lowest - slack <= number <= highest + slack:
        gap = f"{lowest - number:.3g} too low" if number < lowest else f"{number - highest:.3g} too high"
        if low is not None and low <= number / 100 <= highest < number:
            hint = "this looks like a percentage; divide it by 100."
        step = f"\n  next step: {hint}" if hint else ""
        raise CheckFailed(f"{name} is {number:.6g}, {gap}: expected {goal}.{step}")
    print(f"passed: {name} (goal: {goal})")


def check_choice(
    answer: object,
    right: str | None = None,
    *,
    choices: Sequence[str] = ("A", "B", "C", "D"),
    name: str = "answer",
    hints: Mapping[str, str] | str = "",
) -> None:
    """Pass if `answer` is the choice `right`; without `right`, if it is any of the `choices`.

    `hints` is the next step for a wrong choice, or maps each wrong choice to its own.

    >>> check_choice("C", name="answer_4")
    passed: answer_4 is one of "A", "B", "C", "D"
    >>> check_choice("C", "B", name="answer_4", hints={"C": "γ is squared in the bound."})
    Traceback (most recent call last):
    course_utils.checks.CheckFailed: answer_4 is "C": not that one.
      next step: γ is squared in the bound.
    """
    *others, last = quoted = [f'"{choice}"' for choice in choices]
    if type(answer) is not str or answer not in choices:
        meant = next((c for c in choices if type(answer) is str and c.lower() == answer.strip().lower()), None)
        came = repr(answer) if type(answer) in (str, int, float, bool, NoneType) else f"a {type(answer).__name__}"
        step = f'write "{meant}", exactly so.' if meant else "write one of these, in quotation marks."
        raise CheckFailed(f"{name} is {came}, expected {', '.join(others)} or {last}.\n  next step: {step}")
    if right is None:
        print(f"passed: {name} is one of {', '.join(quoted)}")
        return
    if answer != right:
        hint = hints if isinstance(hints, str) else hints.get(answer, "")
        step = f"\n  next step: {hint}" if hint else ""
        raise CheckFailed(f'{name} is "{answer}": not that one.{step}')
    print(f"passed: {name} is right")


def unpacked(answer: object, names: str) -> Sequence[Any]:
    """What a function returned, if it is one thing for each of the `names`, which are written as after its `return`.

    >>> mu, sigma = unpacked((0.5, 0.1), "mu, sigma")
    >>> unpacked(0.5, "mu, sigma")
    Traceback (most recent call last):
    course_utils.checks.CheckFailed: expected 2 results, `return mu, sigma`; came 0.5
    """
    wanted = len(names.split(", "))
    several = isinstance(answer, tuple | list) or (isinstance(answer, np.ndarray) and answer.ndim > 0)
    if not several or len(answer) != wanted:
        came = "None: did you forget `return`?" if answer is None else repr(answer)
        raise CheckFailed(f"expected {wanted} results, `return {names}`; came {came}")
    return answer


def check_raises(
    error: type[Exception],
    function: Callable[..., object],
    *args: Any,
    name: str = "the function",
    says: str = "",
) -> None:
    """Pass if `function(*args)` raises `error` and the message contains `says` (capital letters or not).

    >>> check_raises(ValueError, int, "three", name="int", says="invalid literal")
    passed: int raises ValueError
    """
    try:
        problem = f"returns {type(function(*args)).__name__}"
    except error as came:
        if isinstance(came, NotImplementedError) and error is not NotImplementedError:
            raise  # an untouched stub is no answer to bad input
        said = says.lower() in str.lower(str(came))
        problem = "" if said else f"raises {error.__name__} without a word about {says!r} ({came})"
    except Exception as came:
        problem = f"raises {type(came).__name__} ({came})"
    if problem:
        raise CheckFailed(
            f"{name} {problem}, expected {error.__name__} for this bad input.\n"
            f"  next step: test the input first and `raise {error.__name__}(...)`, saying what was wrong."
        )
    print(f"passed: {name} raises {error.__name__}")


def check_gradient(
    loss: Callable[[Any], object],
    params: Mapping[str, ArrayLike] | ArrayLike,
    grads: object,
    *,
    n_examples: int | None = None,
    hints: Mapping[str, Any] | None = None,
    rtol: float = 1e-6,
    h: float = 6e-6,
    rng: np.random.Generator | None = None,
    max_entries: int = 100,
) -> None:
    """Pass if `grads` are the derivatives of `loss(params)`, measured by central differences of step `h`.

    `params` is a dict of arrays (or one array), `grads` alike; `loss` gets float64 copies, returns one number.
    An entry is right if it is within `rtol` of the largest slope measured for its parameter. Of a parameter
    with more than `max_entries`, that many are drawn with `rng` and measured. Entries at a kink of the loss
    (ReLU at 0) have no derivative and are left out. `n_examples` lets a forgotten average be named, and `hints`
    maps a message to the wrong gradients, in the form of `grads`, that earn it.

    >>> check_gradient(lambda p: np.sum(p["W"] ** 2), {"W": np.ones((3, 2))}, {"W": np.full((3, 2), 2.0)})
    passed: gradient of W (3, 2) agrees to 1e-6
    """
    if not isinstance(params, Mapping):
        loss_of_one = loss
        params, grads, loss = {"w": params}, {"w": grads}, lambda p: loss_of_one(p["w"])
        hints = {text: {"w": wrong} for text, wrong in (hints or {}).items()}
    weights = {name: _array(np.asarray(w), name) for name, w in params.items()}
    answers = _same_names(weights, grads)
    rng = np.random.default_rng(0) if rng is None else rng
    seen: list[float] = []

    def evaluate(name: str, w: Array) -> float:
        copies = {other: value.copy() for other, value in weights.items()} | {name: w.copy()}
        seen.append(_number(loss(copies), "loss(params)"))
        return seen[-1]

    passed, failed = [], {}
    for name, w in weights.items():
        label, grad = f"gradient of {name}", answers[name]
        _require_shape(grad, w.shape, label)
        _require_finite(grad, label)
        once, again = evaluate(name, w), evaluate(name, w)
        if abs(once - again) > 1e-12 * abs(once):
            raise CheckFailed(
                f"loss(params) is not the same twice: {once!r}, then {again!r}.\n"
                "  likely cause: dropout, shuffling or other random numbers; seed them anew in each call."
            )
        entries = rng.permutation(w.size)[:max_entries]
        measured, wrong, kink = _measure(partial(evaluate, name), w, grad, entries, h, rtol)
        if (wrong | kink).any() and len(set(seen)) > 1 and _is_float32(seen):
            raise CheckFailed(
                "loss(params) computes in float32, too coarse to measure its slope.\n"
                "  next step: compute in float64; look for float32 data and `astype`."
            )
        if kink.sum() == entries.size:
            raise CheckFailed(
                f"{label} cannot be measured: each entry lies at a kink of the loss (ReLU at exactly 0?).\n"
                f"  next step: check at another point, with small random numbers added to {name}."
            )
        if wrong.any():
            hinted = {text: answer[name] for text, answer in (hints or {}).items() if name in answer}
            cause = _hint(grad, hinted) or diagnose(grad, measured, n_examples)
            if not np.nan_to_num(measured).any():
                cause = f"loss(params) does not change with {name}; does it use its argument?"
            failed[name] = _wrong_values(label, grad, measured, wrong, cause)
        sample = f", {entries.size} of {w.size} entries" if entries.size < w.size else ""
        skipped = f", {kink.sum()} at a kink left out" if kink.any() else ""
        passed.append(f"{name} {w.shape}{sample}{skipped}")
    if failed:
        verdicts = ", ".join(f"{name} {'wrong' if name in failed else 'right'}" for name in weights)
        others = f"\n  of the gradients: {verdicts}" if len(weights) > 1 else ""
        raise CheckFailed(next(iter(failed.values())) + others)
    print(f"passed: gradient of {', '.join(passed)} agrees {_to(rtol)}")


@np.errstate(all="ignore")
def diagnose(actual: Array, expected: Array, n_examples: int | None = None) -> str | None:
    """The misconception that turns `expected` into the wrong `actual`, of the same shape; None if not known.

    NaN in `expected` stands for an entry that is not known and not compared.

    >>> diagnose(np.array([-1.0, -2.0]), np.array([1.0, 2.0]))
    'the sign is flipped.'
    """
    known = ~np.isnan(expected)
    a, e = actual[known], expected[known]
    if not e.size or not np.isfinite(e).all():
        return None
    ratio, shift = (np.vdot(e, a) / np.vdot(e, e)).real, np.mean(a - e)
    constant = (a == a[0]).all() and not (e == e[0]).all()
    scaled = np.count_nonzero(e) > 1 and _same(a, ratio * e)
    integers = (a == np.rint(a)).all() and np.abs(a - e).max() < 1
    transposed = actual.shape == actual.T.shape and _same(actual.T[known], e)
    shuffled = _same(np.sort(a), np.sort(e))
    causes = [
        (not a.any(), "it is 0 everywhere: a line of the stub not filled in, or an array of integers?"),
        (constant, "it is the same number everywhere, whatever the input."),
        *((np.array_equal(a, np.round(e, k)), f"it is rounded to {k} decimals.") for k in range(1, 9)),
        (_same(a, e) and _is_float32(a), "it has the few digits of a float32; compute in float64."),
        (_same(a, e), "it is right to 5 digits only; is a small constant added somewhere?"),
        *((_same(a, factor * e), words) for factor, words in _factors(n_examples)),
        (scaled, f"a constant factor of {ratio:.4g} is too much."),
        (integers, "it holds integers where fractions belong; look for `int`, `//` or `round`."),
        (transposed, "it is the transpose; use `.T`, or swap the factors of the product."),
        *((_same(np.flip(actual, k)[known], e), f"axis {k} is in reverse order.") for k in range(actual.ndim)),
        (shuffled, "these are the right numbers in another order; look at `reshape` and at indices."),
        (a.size > 1 and _same(a - shift, e), f"a constant is added, {shift:.4g} everywhere."),
        (not a[~_near(a, e)].any(), "it is 0 where it should not be; look at masks and at loops."),
    ]
    return next((words for applies, words in causes if applies), None)


def _hint(came: Array, hints: Mapping[str, ArrayLike] | None) -> str | None:
    """The message of the hint whose wrong answer this is."""
    return next((text for text, answer in (hints or {}).items() if _same(came, np.asarray(answer))), None)


def _factors(n_examples: int | None) -> list[tuple[float, str]]:
    """The well-known constant factors, each with its misconception."""
    n = n_examples or 1
    sizes = [
        (n, f"it is {n} times too large, the number of examples: did you average over the batch?"),
        (1 / n, f"it is {n} times too small, the number of examples: do you average over the batch once too often?"),
        (2, "it is twice too large: is a 1/2 missing, or a 2 from the derivative of a square counted twice?"),
        (1 / 2, "it is half of the right one: is the 2 from the derivative of a square missing?"),
    ]
    both = [(-size, f"the sign is flipped, and {words}") for size, words in sizes]
    return [(-1, "the sign is flipped."), *sizes, *both]


def _wrong_values(name: str, came: Array, wanted: Array, wrong: Mask, cause: str | None) -> str:
    """The message for wrong values: how many, the worst of them, and why."""
    worst = np.unravel_index(np.argmax(np.where(wrong, np.abs(came - wanted), -1)), came.shape)
    e, c = wanted[worst].item(), came[worst].item() + 0  # + 0 makes 0 of -0
    digits = next((d for d in (4, 8) if f"{e:.{d}g}" != f"{c:.{d}g}"), 17)
    advice = f"likely cause: {cause}" if cause else "next step: work out this entry by hand, term by term."
    return (
        f"{name} is wrong: {np.sum(wrong)} of {np.sum(~np.isnan(wanted))} entries differ.\n"
        f"  expected {name}{_index(worst)} = {e:.{digits}g}, came {c:.{digits}g}\n  {advice}"
    )


def _measure(
    f: Callable[[Array], float], w: Array, grad: Array, entries: NDArray, h: float, rtol: float
) -> tuple[Array, Mask, Mask]:
    """The gradient of `f` at `w` (NaN where not known), where `grad` differs, and where `f` has a kink."""
    left, right = _slopes(f, w, entries, h)
    measured = (left + right) / 2
    # The measured slope has roundoff ~ eps |f| / h and truncation ~ h²: h ~ eps^(1/3) balances the two.
    noise = 20 * np.finfo(float).eps * abs(f(w)) / (h / 10)
    tolerance = rtol * np.nanmax(np.abs(measured)) + noise
    wrong = np.abs(grad - measured) > tolerance
    # A finer step clears a kink beside w. At a kink on w the slope jumps as before, while on a smooth curve
    # the difference of the slopes shrinks with the step, and mere roundoff grows.
    finer_left, finer_right = _slopes(f, w, np.flatnonzero(wrong), h / 10)
    jump, finer_jump = np.abs(right - left), np.abs(finer_right - finer_left)
    measured = np.where(wrong, (finer_left + finer_right) / 2, measured)
    wrong = np.abs(grad - measured) > tolerance
    kink = wrong & (0.2 * jump + noise < finer_jump) & (finer_jump < 2 * jump)
    return np.where(kink, np.nan, measured), wrong & ~kink, kink


def _slopes(f: Callable[[Array], float], w: Array, entries: NDArray, h: float) -> tuple[Array, Array]:
    """The slopes of `f` to the left and to the right of `entries` (flat indices); NaN for the others."""
    left, right, here = np.full(w.shape, np.nan), np.full(w.shape, np.nan), f(w)
    for i in entries:
        step = h * max(1, abs(w.flat[i]))  # relative for large weights, absolute for small ones
        for slope, signed in (left, -step), (right, step):
            moved = w.copy()
            moved.flat[i] += signed
            slope.flat[i] = (f(moved) - here) / (moved.flat[i] - w.flat[i])
    return left, right


def _array(value: object, name: str, kinds: str = "biufc") -> Array:
    """`value` as a new float64 or complex128 array of NumPy's own class, with no method overridden."""
    kind = type(value).__name__
    if value is None:
        raise CheckFailed(f"{name} is None, expected numbers: did you forget `return`?")
    if isinstance(value, list | tuple):
        raise CheckFailed(f"{name} is a {kind}, expected one array: `np.array(...)` makes an array of a list.")
    if isinstance(value, np.ma.MaskedArray):
        raise CheckFailed(f"{name} is a masked array, expected plain numbers: use `.filled()`.")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise CheckFailed(f"{name} is a {kind}, which NumPy cannot read: {error}") from None
    if array.dtype.kind not in kinds:
        raise CheckFailed(f"{name} is a {kind} (dtype {array.dtype}), expected numbers: print it.")
    return array.astype(complex if array.dtype.kind == "c" else float)


def _number(value: object, name: str) -> float:
    """`value` as one finite real number."""
    array = _array(value, name, kinds="iuf")
    _require_shape(array, (), name)
    _require_finite(array, name)
    return array.item()


def _same_names(weights: Mapping[str, Array], grads: object) -> dict[str, Array]:
    """The gradients as plain arrays, if there is one for each parameter and no other."""
    if not isinstance(grads, Mapping):
        kind = "None (did you forget `return`?)" if grads is None else f"a {type(grads).__name__}"
        raise CheckFailed(f"the gradients are {kind}, expected a dict with the keys {list(weights)}.")
    grads = dict(grads)
    missing, extra = [n for n in weights if n not in grads], [n for n in grads if n not in weights]
    if missing or extra or not weights:
        raise CheckFailed(
            f"the gradients should have the keys {list(weights)}: missing {missing}, not asked for {extra}.\n"
            "  next step: give each gradient the name of its parameter."
        )
    return {name: _array(grads[name], f"gradient of {name}") for name in weights}


def _require_shape(array: Array, expected: Shape, name: str, hint: str | None = None) -> None:
    """Raise, saying why, unless `array` has the shape `expected`; None stands for any length."""

    def fits(s: Shape) -> bool:
        return len(s) == len(expected) and all(e in (None, n) for n, e in zip(s, expected, strict=True))

    shape, expected = array.shape, tuple(expected)
    if fits(shape):
        return
    square = len(shape) == 2 and shape[0] == shape[1] and (fits(shape[:1]) or fits((*shape[:1], 1)))
    causes = [
        (shape == (), "that is a single number; did you sum over all axes instead of one (`axis=0`)?"),
        (expected == (), "one number is expected; sum or average over the batch."),
        (fits(shape[::-1]), "that is the transpose; use `.T`, or swap the factors of the product."),
        (shape[-1:] == (1,) and fits(shape[:-1]), "(N, 1) is not (N,); take the column with `[:, 0]`."),
        (fits((*shape, 1)), "(N,) is not (N, 1); use `[:, None]`, or sum with `keepdims=True`."),
        (square, "did (N,) and (N, 1) broadcast to (N, N), or is the sum over the batch missing?"),
        (fits(shape[1:]), "did you forget to sum or average over the batch (`axis=0`)?"),
        (fits((*expected[:1], *shape)), "the batch axis is missing; a batch of one row is `x[None, :]`."),
    ]
    cause = hint or next((words for applies, words in causes if applies), "print the shape after each line.")
    wanted = str(expected).replace("None", "any")
    raise CheckFailed(f"{name} has shape {shape}, expected {wanted}: {cause}")


def _require_finite(array: Array, name: str, where: Mask = True) -> None:
    """Raise unless `array` is finite `where` it should be."""
    bad = ~np.isfinite(array) & where
    if bad.any():
        first = np.unravel_index(np.argmax(bad), array.shape)
        kind = "NaN" if np.isnan(array[first]) else "infinity"
        cause = "overflow in exp, log of 0 or division by 0? Before exp, subtract the largest z."
        raise CheckFailed(f"{name}{_index(first)} is {kind}: {cause}")


def _near(a: Array, b: Array) -> Mask:
    """Where `a` is `b` to 5 digits: enough to recognize a misconception."""
    return np.abs(a - b) <= 1e-5 * np.abs(b) + 1e-8 * np.max(np.abs(b))


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.all(_near(a, b)))


@np.errstate(all="ignore")
def _is_float32(values: ArrayLike) -> bool:
    return np.array_equal(np.real(values).astype(np.float32), np.real(values))


def _index(index: tuple) -> str:
    return f"[{', '.join(str(i) for i in index)}]" if index else ""


def _to(tolerance: float) -> str:
    return f"to {np.format_float_scientific(tolerance, trim='-', exp_digits=1)}" if tolerance else "exactly"
