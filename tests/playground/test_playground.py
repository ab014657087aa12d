"""The playground's own tests, and its training against `course_utils.nn`: same weights, same batches, same losses."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from course_utils.data import jets, moons, xor
from course_utils.nn import layers, losses, optimizers
from course_utils.nn.activations import FUNCTIONS
from course_utils.nn.penalties import ElasticNet
from course_utils.nn.training import fit
from course_utils.playground import jets as playground_jets
from course_utils.playground import twins
from tests.conftest import missing

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
STEPS, EPOCHS, BATCH, N = 50, 10, 20, 97  # five batches an epoch, the last of them smaller
TOLERANCE = 1e-9  # in units of the loss; 1e-4 is promised

OPTIMIZERS = {
    "sgd": (optimizers.SGD, 0.5),  # with the learning rate of the comparison
    "momentum": (optimizers.Momentum, 0.1),
    "nesterov": (optimizers.Nesterov, 0.1),
    "adagrad": (optimizers.Adagrad, 0.05),
    "rmsprop": (optimizers.RMSprop, 0.01),
    "adadelta": (optimizers.Adadelta, 1),
    "adam": (optimizers.Adam, 0.02),
    "adamw": (optimizers.AdamW, 0.02),
}
LOSSES = {  # the loss, the number of outputs, the activation of the output
    "binary_cross_entropy": (losses.binary_cross_entropy, 1, "identity"),
    "cross_entropy": (losses.cross_entropy, 2, "identity"),
    "squared_error": (losses.squared_error, 1, "sigmoid"),
}


def run_node(*arguments: str, text: str | None = None) -> str:
    if shutil.which("node") is None:
        missing("Node", "apt install nodejs")
    result = subprocess.run(["node", *arguments], input=text, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("path", sorted((HERE.parents[1] / twins.MODULES).glob("*.mjs")), ids=lambda path: path.name)
def test_the_module_is_read_by_node_and_its_lines_are_short(path):
    run_node("--check", str(path))
    assert max(map(len, path.read_text().splitlines())) <= 120


def test_the_modules_pass_nodes_own_tests():
    files = sorted(map(str, HERE.glob("*.test.mjs")))
    assert files
    run_node("--test", *files)


def test_the_jets_are_those_of_the_package():
    shipped = HERE.parents[1] / playground_jets.FILE
    assert shipped.read_text() == playground_jets.text(), "run `make playground`"


# ── The same training in Python ─────────────────────────────────────────────────────────────────────────────


def as_they_are(points, _):
    return points


@dataclass
class Case:
    """A state of the playground and how Python says the same."""

    act: str = "tanh"
    opt: str = "adam"
    loss: str = "binary_cross_entropy"
    hidden: tuple[int, ...] = (4, 3)
    more: str = ""  # of the address
    inputs: Callable = as_they_are  # of points, given the points to train on
    rule: Callable[[float], optimizers.Optimizer] | None = None  # if another than that of `opt` with its defaults
    schedule: optimizers.Schedule | None = None
    plateau: optimizers.Plateau | None = None  # of the training loss
    penalty: ElasticNet | None = None
    dropout: float = 0
    batch: int | None = BATCH
    data: str = "xor"
    seed: int = 3

    @property
    def lr(self) -> float:
        return OPTIMIZERS[self.opt][1]

    @property
    def address(self) -> str:
        hidden = ",".join(map(str, self.hidden)) or "none"
        batch = "" if "batch" in self.more else f"&batch={BATCH}"
        return (
            f"data={self.data}&act={self.act}&opt={self.opt}&lr={self.lr}&loss={self.loss}&hidden={hidden}"
            f"{batch}{self.more and '&'}{self.more}"
        )

    def points(self):
        """Points to train on and to test on, with their labels."""
        rng = np.random.default_rng(self.seed)
        if self.data != "jets":
            draw = xor if self.data == "xor" else moons
            return *draw(N, rng), *draw(31, rng)
        sample = jets()
        columns = [sample.features.index(name) for name in playground_jets.FEATURES]
        train, test = (slice(0, N), slice(N, N + 31))
        X, y = sample.X_train[:, columns].astype(float), (sample.y_train == 2).astype(int)
        return X[train], y[train], X[test], y[test]

    def network(self, n_inputs: int) -> layers.Network:
        _, n_outputs, output = LOSSES[self.loss]
        sizes = [n_inputs, *self.hidden, n_outputs]
        rng = np.random.default_rng(self.seed + 1)
        network = layers.Network(
            sizes, rng, hidden="identity", output=output, init="uniform", dtype=float, dropout=self.dropout
        )
        for dense in network.dense[:-1]:
            network.layers[network.layers.index(dense) + 1] = layers.Elementwise(FUNCTIONS[self.act])
        return network

    def uniforms(self, network):
        """The random numbers of all masks of dropout, in the order in which `fit` draws them."""
        masks = [layer.rng for layer in network.layers if isinstance(layer, layers.Dropout)]
        return masks[0].random(EPOCHS * N * sum(self.hidden)) if masks else np.zeros(0)

    def targets(self, y):
        return y if self.loss == "cross_entropy" else y[:, None].astype(float)

    def order_rng(self):
        return np.random.default_rng(self.seed + 2)


LR = Case().lr
CASES = {
    **{f"{opt} {act}": Case(act, opt) for opt, act in product(OPTIMIZERS, FUNCTIONS)},
    **{f"{loss} {act}": Case(act, loss=loss) for loss, act in product(LOSSES, FUNCTIONS)},
    "more weight decay": Case(opt="adamw", more="decay=0.7", rule=partial(optimizers.AdamW, decay=0.7)),
    "a single neuron": Case(hidden=()),
    "five layers of eight": Case(hidden=(8,) * 5, opt="sgd", act="relu"),
    "all rows at once": Case(more="batch=all", batch=None),
    "step_decay": Case(
        more="schedule=step_decay&factor=0.3&every=2",
        schedule=optimizers.step_decay(LR, factor=0.3, every=2),
    ),
    "exponential_decay": Case(
        more="schedule=exponential_decay&k=0.2", schedule=optimizers.exponential_decay(LR, k=0.2)
    ),
    "inverse_decay": Case(more="schedule=inverse_decay&k=0.7", schedule=optimizers.inverse_decay(LR, k=0.7)),
    "plateau": Case(
        opt="adagrad",
        more="schedule=plateau&factor=0.3&patience=0&l1=0.3",  # which keeps the loss from falling for long
        plateau=optimizers.Plateau(OPTIMIZERS["adagrad"][1], factor=0.3, patience=0),
        penalty=ElasticNet(l1=0.3),
    ),
    "all features": Case(
        data="moons",
        more="features=x,y,x2,y2,xy,sinx,siny",
        inputs=lambda X, _: np.column_stack([X, X**2, X[:, 0] * X[:, 1], np.sin(np.pi * X)]),
    ),
    "L1": Case(more="l1=0.01", penalty=ElasticNet(l1=0.01)),
    "L2": Case(opt="sgd", act="relu", more="l2=0.05", penalty=ElasticNet(l2=0.05)),
    "dropout": Case(more="dropout=0.4", dropout=0.4),
    "penalties and dropout": Case(
        act="relu",
        opt="momentum",
        hidden=(5, 4),
        more="l1=0.01&l2=0.03&dropout=0.25",
        penalty=ElasticNet(l1=0.01, l2=0.03),
        dropout=0.25,
    ),
    "jets, scaled": Case(data="jets", inputs=lambda X, train: (X - train.mean(axis=0)) / train.std(axis=0)),
}


def question(case: Case) -> dict:
    """What Node needs to train the case: everything that chance decides."""
    X, y, X_test, y_test = case.points()
    rng = case.order_rng()
    network = case.network(case.inputs(X, X).shape[1])
    epochs = STEPS if case.batch is None else EPOCHS
    return {
        "address": case.address,
        "steps": STEPS,
        "train": {"X": X.tolist(), "y": y.tolist()},
        "test": {"X": X_test.tolist(), "y": y_test.tolist()},
        "weights": network.weights.tolist(),
        "uniforms": case.uniforms(network).tolist(),
        "orders": [] if case.batch is None else [rng.permutation(N).tolist() for _ in range(epochs)],
    }


def asked_of_node(questions: Iterable[dict]) -> list[dict]:
    return json.loads(run_node(str(HERE / "compare.mjs"), text=json.dumps([*questions])))


def test_nothing_that_a_state_offers_goes_without_comparison():
    """Nor without what the course teaches: every activation and optimizer of `course_utils.nn`."""
    offered = json.loads(run_node(str(HERE / "options.mjs")))
    assert set(offered["act"]) == set(FUNCTIONS)
    taught = {
        rule for rule in vars(optimizers).values() if isinstance(rule, type) and issubclass(rule, optimizers.Optimizer)
    } - {optimizers.Optimizer}
    assert {rule for rule, _ in OPTIMIZERS.values()} == taught
    assert set(offered["opt"]) == set(OPTIMIZERS)
    assert set(offered["loss"]) == set(LOSSES)
    assert set(offered["schedule"]) - {"constant"} <= set(CASES)
    assert set(offered["init"]) == set(layers.INITS)


@pytest.fixture(scope="module")
def answers():
    """What Node makes of every case, in one run."""
    return dict(zip(CASES, asked_of_node(map(question, CASES.values())), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_fifty_steps_are_those_of_course_utils(answers, name):
    case, answer = CASES[name], answers[name]
    points, y, points_test, y_test = case.points()
    X, X_test = case.inputs(points, points), case.inputs(points_test, points)
    network, (loss, _, output) = case.network(X.shape[1]), LOSSES[case.loss]
    initial = network.weights.copy()
    seen = []  # the loss of every batch, before the step

    def noted(*arguments, **options):
        result = loss(*arguments, **options)
        seen.append(result[0])
        return result

    def plateau(epoch):
        return case.plateau(loss(network.predict(X), case.targets(y))[0]) if epoch else case.lr

    fit(
        network,
        X,
        case.targets(y),
        rng=case.order_rng(),
        loss=noted,
        optimizer=(case.rule or OPTIMIZERS[case.opt][0])(case.lr),
        epochs=STEPS if case.batch is None else EPOCHS,
        batch=case.batch,
        metric=None,
        schedule=plateau if case.plateau else case.schedule,
        penalty=case.penalty,
    )
    seen = seen[1:]  # `fit` has tried the loss on a row of zeros
    after, _ = loss(network.predict(X), case.targets(y))
    after_test, _ = loss(network.predict(X_test), case.targets(y_test))
    assert answer["leftOver"] == 0
    assert answer["losses"] == pytest.approx(seen, rel=TOLERANCE, abs=TOLERANCE)
    assert [answer["loss"], answer["testLoss"]] == pytest.approx([after, after_test], rel=TOLERANCE, abs=TOLERANCE)
    assert answer["weights"] == pytest.approx(network.weights, rel=1e-6, abs=1e-6)
    assert np.abs(network.weights - initial).max() > 0.01, "a network that stands still would agree too"
    threshold = 0.5 if output == "sigmoid" else 0
    assert answer["accuracy"] == losses.accuracy(network.predict(X), y, threshold)
