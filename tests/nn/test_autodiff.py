"""The course's autodiff against PyTorch, TensorFlow and central differences."""

import operator
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils.checks import check_gradient
from course_utils.nn import autodiff as ad
from course_utils.nn.autodiff import Tensor
from tests.nn.frameworks import import_tensorflow, import_torch

LEAVES = {"X": (4, 3), "M": (3, 3), "row": (1, 3), "v": (3,), "s": ()}

# Each operation as a formula in the functions `m` of one framework; the constants keep the values moderate.
UNARY = {
    "exp": lambda m, x: m.exp(0.5 * m.tanh(x)),
    "log": lambda m, x: m.log(x**2 + 1.5),
    "tanh": lambda m, x: m.tanh(x),
    "sigmoid": lambda m, x: m.sigmoid(3 * x),
    "relu": lambda m, x: m.relu(x),
    "power": lambda m, x: (x**2 + 1) ** -1.5,
    "minus": lambda m, x: 1 - (-x),
    "over": lambda m, x: 2 / (m.sigmoid(x) + 1),
    "sum": lambda m, x: m.sum(x),
    "mean": lambda m, x: m.mean(x),
}
BINARY = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": lambda a, b: a * b * 0.5,
    "divide": lambda a, b: a / (b**2 + 1),
}
MATRIX = {
    "matmul": lambda m, x, M: x @ M * 0.5,
    "column sums": lambda m, x, M: m.sum(x, 0),
    "row means": lambda m, x, M: m.mean(x, 1, True),
}


def random_program(seed, steps=14):
    """A random expression, as a list of steps: an operation and the numbers of the values that it takes."""
    rng = np.random.default_rng(seed)
    shapes, program = list(LEAVES.values()), []
    while len(program) < steps:
        kind = rng.choice(["unary", "binary", "matrix"], p=[0.4, 0.4, 0.2])
        i, j = rng.integers(len(shapes), size=2)
        a, b = shapes[i], shapes[j]
        if kind == "unary":
            name = str(rng.choice(list(UNARY)))
            shape = () if name in ("sum", "mean") else a
        elif kind == "binary":
            name = str(rng.choice(list(BINARY)))
            if len(a) == len(b) == 2 and 1 not in (a[0], b[0], a[1], b[1]) and a != b:
                continue
            shape = np.broadcast_shapes(a, b)
        else:
            name = str(rng.choice(list(MATRIX)))
            if len(a) != 2 or a[1] != 3:
                continue
            j, shape = 1, {"matmul": a, "column sums": (3,), "row means": (a[0], 1)}[name]
        program.append((kind, name, int(i), int(j)))
        shapes.append(shape)
    return program


def run(program, m, leaves):
    """The value of the expression: the mean square of every intermediate value, added up."""
    values = list(leaves)
    for kind, name, i, j in program:
        if kind == "unary":
            values.append(UNARY[name](m, values[i]))
        elif kind == "binary":
            values.append(BINARY[name](values[i], values[j]))
        else:
            values.append(MATRIX[name](m, values[i], values[j]))
    total = m.mean(values[0] ** 2)
    for value in values[1:]:
        total = total + m.mean(value**2)
    return total


OURS = SimpleNamespace(
    exp=ad.exp,
    log=ad.log,
    tanh=ad.tanh,
    sigmoid=ad.sigmoid,
    relu=ad.relu,
    sum=lambda x, axis=None, keepdims=False: x.sum(axis, keepdims),
    mean=lambda x, axis=None, keepdims=False: x.mean(axis, keepdims),
)


def start(seed):
    rng = np.random.default_rng(seed + 1000)
    return [rng.normal(size=shape) for shape in LEAVES.values()]


def our_gradients(program, values):
    leaves = [Tensor(value) for value in values]
    y = run(program, OURS, leaves)
    y.backward()
    return float(y.value), [leaf.grad for leaf in leaves]


def torch_gradients(program, values):
    torch = import_torch()
    m = SimpleNamespace(**{name: getattr(torch, name) for name in ("exp", "log", "tanh", "sigmoid", "relu")})
    m.sum = lambda x, axis=None, keepdims=False: torch.sum(x, axis, keepdims)
    m.mean = lambda x, axis=None, keepdims=False: torch.mean(x, axis, keepdims)
    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    y = run(program, m, leaves)
    y.backward()
    return y.item(), [leaf.grad.numpy() for leaf in leaves]


def tensorflow_gradients(program, values):
    tf = import_tensorflow()
    m = SimpleNamespace(exp=tf.exp, log=tf.math.log, tanh=tf.tanh, sigmoid=tf.sigmoid, relu=tf.nn.relu)
    m.sum, m.mean = tf.reduce_sum, tf.reduce_mean
    leaves = [tf.Variable(value) for value in values]
    with tf.GradientTape() as tape:
        y = run(program, m, leaves)
    return float(y), [grad.numpy() for grad in tape.gradient(y, leaves)]


@pytest.mark.slow
@pytest.mark.parametrize("peer", [torch_gradients, tensorflow_gradients])
def test_ten_random_expressions_have_the_gradients_of_the_frameworks(peer, record_property):
    worst = 0.0
    for seed in range(10):
        program, values = random_program(seed), start(seed)
        y, grads = our_gradients(program, values)
        y_peer, grads_peer = peer(program, values)
        assert y == pytest.approx(y_peer, rel=1e-12)
        for grad, grad_peer in zip(grads, grads_peer, strict=True):
            assert grad.shape == grad_peer.shape
            assert np.abs(grad_peer).max() > 1e-3
            worst = max(worst, np.max(np.abs(grad - grad_peer) / np.maximum(1, np.abs(grad_peer))))
    record_property(f"autodiff against {peer.__name__.removesuffix('_gradients')}, largest difference", f"{worst:.1e}")
    assert worst < 1e-10


def test_the_ten_expressions_use_every_operation():
    used = {name for seed in range(10) for _, name, _, _ in random_program(seed)}
    assert used == set(UNARY) | set(BINARY) | set(MATRIX)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradients_agree_with_central_differences(seed):
    program, values = random_program(seed), start(seed)
    names = list(LEAVES)
    check_gradient(
        lambda p: run(program, OURS, [Tensor(p[name]) for name in names]).value,
        dict(zip(names, values, strict=True)),
        dict(zip(names, our_gradients(program, values)[1], strict=True)),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), [((3,), (3,)), ((4, 3), (3,)), ((4,), (4, 3)), ((4, 3), (3, 2))])
def test_products_of_vectors_and_matrices(a, b):
    torch = import_torch()
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=a), rng.normal(size=b)
    ours, theirs = (Tensor(A), Tensor(B)), (torch.tensor(A, requires_grad=True), torch.tensor(B, requires_grad=True))
    ad.tanh(ours[0] @ ours[1]).sum().backward()
    torch.tanh(theirs[0] @ theirs[1]).sum().backward()
    for x, t in zip(ours, theirs, strict=True):
        assert x.grad == pytest.approx(t.grad.numpy(), rel=1e-12)


def test_plain_arrays_and_numbers_may_stand_on_either_side():
    x, c = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    results = [c + x, x + c, c - x, c * x, c / x, x / c, 2**x, c @ x, np.float64(2) * x]
    assert all(isinstance(result, Tensor) for result in results)
    assert (c / x).value.tolist() == [3, 2]
    (2**x).sum().backward()
    assert x.grad == pytest.approx(2**x.value * np.log(2))


def test_a_power_may_be_a_tensor_and_zero():
    x, p = Tensor(2.0), Tensor(3.0)
    (x**p).backward()
    assert (x.grad, p.grad) == (pytest.approx(12), pytest.approx(8 * np.log(2)))
    x = Tensor([0.0, 1.0])
    (x**0).sum().backward()
    assert x.grad.tolist() == [0, 0]


def test_a_value_used_twice_gets_both_shares():
    x = Tensor(3.0)
    y = x * x
    (y * y + y).backward()
    assert x.grad == 4 * 3**3 + 2 * 3


def test_a_second_call_starts_from_zero():
    x = Tensor(3.0)
    y = x * x
    y.backward()
    y.backward()
    assert x.grad == 6


def test_relu_at_zero_has_slope_zero():
    x = Tensor([-1.0, 0.0, 1.0])
    ad.relu(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 1]


def test_a_chain_longer_than_the_recursion_limit():
    x = y = Tensor(1.0)
    for _ in range(5_000):
        y = y * 1.0001
    y.backward()
    assert x.grad == pytest.approx(1.0001**5_000)


def test_the_start_must_be_one_number():
    with pytest.raises(ValueError, match=r"add \.sum\(\)"):
        Tensor([1.0, 2.0]).backward()


def test_stacks_of_matrices_are_refused():
    with pytest.raises(ValueError, match="vectors and matrices"):
        Tensor(np.ones((2, 2, 2))) @ np.ones((2, 2))


def test_the_lectures_relu_neuron():
    W, b = Tensor(0.5), Tensor(0.1)
    L = (1 - ad.relu(W * 1.0 + b)) ** 2
    L.backward()
    assert (W.grad, b.grad) == (pytest.approx(-0.8), pytest.approx(-0.8))
