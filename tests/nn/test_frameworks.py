"""The tabs of the chapter on frameworks as they are printed, with another network and in both precisions."""

from itertools import groupby, pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tests.nn.frameworks import import_tensorflow, import_torch

CHAPTER = Path(__file__).resolve().parents[2] / "book/training/frameworks.ipynb"
NAMES = {"NumPy": "numpy", "scikit-learn": "sklearn", "PyTorch": "torch", "Keras": "keras", "JAX": "jax"}
SIZES = [6, 6, 6, 6]  # square weights: a forgotten transposition raises no error

pytestmark = pytest.mark.slow


def tabs():
    """The source of the first two sets of tabs, which build the network and take a step, by framework."""
    cells = nbformat.read(CHAPTER, as_version=4).cells
    runs = [list(run) for tagged, run in groupby(cells, lambda cell: bool(tab(cell))) if tagged]
    return {name: "\n".join(cell.source for run in runs[:2] for cell in run if tab(cell) == name) for name in NAMES}


def tab(cell):
    return next((tag.removeprefix("tab:") for tag in cell.metadata.get("tags", []) if tag.startswith("tab:")), None)


@pytest.fixture(params=["float32", "float64"])
def precision(request):
    """The precision in which all frameworks work for one test."""
    torch, tensorflow = import_torch(), import_tensorflow()
    import jax
    import keras

    assert keras.backend.backend() == "tensorflow"
    assert tensorflow.executing_eagerly()
    torch.set_default_dtype(getattr(torch, request.param))
    keras.config.set_floatx(request.param)
    keras.config.set_dtype_policy(request.param)  # what the layers take, once one has been made
    jax.config.update("jax_enable_x64", request.param == "float64")
    yield request.param
    torch.set_default_dtype(torch.float32)
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    jax.config.update("jax_enable_x64", False)


def losses(name, source, precision):
    """The loss before each of twenty steps."""
    import jax
    import keras
    import torch
    from sklearn.neural_network import MLPClassifier

    rng = np.random.default_rng(5)
    X = rng.normal(size=(20 * 30, SIZES[0])).astype(precision)
    y = (X[:, 0] > 0) + 2 * (X[:, 1] > 0) + rng.integers(0, 3, len(X))
    shapes = list(pairwise(SIZES))
    names = {
        "MLPClassifier": MLPClassifier,
        "W": [rng.normal(0, 0.4, shape).astype(precision) for shape in shapes],
        "X": X,
        "b": [rng.normal(0, 0.3, n).astype(precision) for _, n in shapes],
        "batches": [(X[i : i + 30], y[i : i + 30]) for i in range(0, len(X), 30)],
        "jax": jax,
        "jnp": jax.numpy,
        "keras": keras,
        "lr": 0.2,
        "np": np,
        "pairwise": pairwise,
        "sizes": SIZES,
        "torch": torch,
        "y": y,
    }
    exec(source, names)
    return np.array([names[f"{NAMES[name]}_step"](*batch) for batch in names["batches"]])


def test_the_five_networks_give_the_same_losses(precision):
    curves = {name: losses(name, source, precision) for name, source in tabs().items()}
    assert len(curves["NumPy"]) == 20
    assert curves["NumPy"][-5:].mean() < curves["NumPy"][:5].mean()
    for curve in curves.values():
        np.testing.assert_allclose(curve, curves["NumPy"], rtol=1e-5 if precision == "float32" else 1e-12)


@pytest.mark.parametrize(
    ("name", "said", "changed"),
    [
        ("scikit-learn", "momentum=0.0", "momentum=0.9"),
        ("scikit-learn", "alpha=0.0", "alpha=0.1"),
        ("PyTorch", "W_l.T", "W_l"),
        ("PyTorch", "torch_sgd.zero_grad()", "pass"),
        ("Keras", "from_logits=True", "from_logits=False"),
        ("JAX", "w - lr * g", "w + lr * g"),
    ],
)
@pytest.mark.parametrize("precision", ["float32"], indirect=True)
def test_what_the_chapter_says_about_a_framework_matters(name, said, changed, precision):
    sources = tabs()
    assert sources[name].count(said) == 1
    wrong = losses(name, sources[name].replace(said, changed), precision)
    assert not np.allclose(wrong, losses("NumPy", sources["NumPy"], precision), rtol=1e-3)
