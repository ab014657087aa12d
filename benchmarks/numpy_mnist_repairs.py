"""The network of lecture D, repaired one cause at a time, and the best that NumPy does in half a minute.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/numpy_mnist_repairs.py [--select] [--stages NAME …] [--seeds 5]

trains each stage of `STAGES` on all 60,000 training images from several seeds, measures on the 10,000 test images at
the end, and writes benchmarks/numpy_mnist_repairs.csv: one line per training, as soon as it is done. Lines that are
there already are not run again. The stages that take all images at once stop after 100 steps; the lecture's recipe to
its end, 1500 steps, is benchmarks/lecture_mnist.py.

The settings of the last stages were chosen without the test set: ``--select`` trains every candidate on the first
50,000 training images, measures on the other 10,000, and writes benchmarks/numpy_mnist_selection.csv. Its
seeds start at 100; the wide networks have one each.

`wall_s` is the time of the training alone, shuffling, gathering and augmentation included; reading the data and
measuring the accuracies are not. `cpu_s` adds up the work of all threads, so it hardly depends on what else the
machine does. The number of threads is what OMP_NUM_THREADS says.
"""

import argparse
import csv
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from course_utils.data import mnist
from course_utils.nn.layers import Network
from course_utils.nn.losses import accuracy, cross_entropy, one_hot, softmax, squared_error
from course_utils.nn.optimizers import SGD, Adam, Optimizer, exponential_decay
from course_utils.nn.training import Loss, fit

TABLE = Path(__file__).with_suffix(".csv")
SELECTION = Path(__file__).with_name("numpy_mnist_selection.csv")
N_VALIDATION = 10_000
PIECE = 1000  #: rows at a time where a step takes all of them
EDGE = 29  #: zeros before and after all images: one row of pixels and one more

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """How a network is made and trained; the defaults are those of lecture D, which takes 1500 steps."""

    hidden: tuple[int, ...] = (16, 16)
    output: str = "relu"
    loss: str = "squared error"
    init: str = "uniform"
    batch: int = 0  #: 0 takes all images at once
    epochs: int = 100
    optimizer: str = "gradient descent"
    lr: float = 0.1
    decay: float = 0.0  #: η(t) = η₀ exp(−decay t); −1 stands for a straight line to zero
    shifts: bool = False  #: each epoch sees the images moved by one pixel, or not at all
    smooth: float = 0.0  #: this much of each target is spread evenly over the ten classes


LECTURE = Recipe()
LINEAR = replace(LECTURE, output="identity")
ENTROPY = replace(LINEAR, loss="cross-entropy")
HE = replace(ENTROPY, init="he")
BATCHES = replace(HE, batch=64, epochs=20)
ADAM = replace(BATCHES, optimizer="Adam", lr=0.004)
SCHEDULE = replace(ADAM, decay=0.15)
WIDE = replace(SCHEDULE, hidden=(256, 128), batch=256, lr=0.003, decay=-1)
SHIFTS = replace(WIDE, shifts=True)
SMOOTH = replace(SHIFTS, smooth=0.1)

STAGES = {
    "lecture D": LECTURE,
    "linear output": LINEAR,
    "softmax, cross-entropy": ENTROPY,
    "He weights": HE,
    "mini-batches of 64": BATCHES,
    "Adam": ADAM,
    "decaying rate": SCHEDULE,
    "784-256-128-10": WIDE,
    "one-pixel shifts": SHIFTS,
    "smoothed labels": SMOOTH,
}
CANDIDATES = [
    *(replace(SCHEDULE, lr=lr, decay=decay) for lr in (0.002, 0.004, 0.008) for decay in (0.0, 0.15)),
    replace(SCHEDULE, lr=0.002, decay=0.3),
    *(replace(SMOOTH, batch=batch, lr=lr) for batch, lr in ((128, 0.002), (256, 0.003), (512, 0.005))),
    SHIFTS,
    replace(SMOOTH, hidden=(512, 128), epochs=12),
]


def data() -> Data:
    """Images as rows of float32 from 0 to 1, and labels: X_train, y_train, X_test, y_test."""
    X_train, y_train, X_test, y_test = mnist()
    X_train, X_test = (np.divide(X.reshape(len(X), -1), 255, dtype=np.float32) for X in (X_train, X_test))
    return X_train, y_train, X_test, y_test


def shifted(X: np.ndarray) -> list[np.ndarray]:
    """`X` (N, 784) moved by −1, 0 or 1 pixels down and across: nine arrays, all views of one.

    In one long row of all pixels, a move by one pixel across is a move by 1, and by one pixel down a move by 28. What
    leaves an image on the right enters the next row on the left, which matters little: that edge is empty.
    """
    long = np.zeros(X.size + 2 * EDGE, X.dtype)
    long[EDGE:-EDGE] = X.ravel()
    moves = [28 * down + across for down in (-1, 0, 1) for across in (-1, 0, 1)]
    return [long[EDGE - move : EDGE - move + X.size].reshape(X.shape) for move in moves]


def train(recipe: Recipe, X: np.ndarray, y: np.ndarray, seed: int) -> tuple[Network, float, float]:
    """The trained network, and the seconds that the training took: on the clock, and of all threads together."""
    rng = np.random.default_rng(seed)
    network = Network([784, *recipe.hidden, 10], rng, output=recipe.output, init=recipe.init)
    loss, targets = cross_entropy, y
    if recipe.loss == "squared error":
        loss, targets = partial(squared_error, over="entries"), one_hot(y, 10).astype(np.float32)
    if recipe.smooth:
        targets = (1 - recipe.smooth) * one_hot(y, 10) + recipe.smooth / 10
    optimizer = {"gradient descent": SGD, "Adam": Adam}[recipe.optimizer](recipe.lr)
    wall, cpu = time.perf_counter(), time.process_time()
    views = shifted(X) if recipe.shifts else [X]
    for t in range(recipe.epochs):
        optimizer.lr = rate(recipe, t)
        view = views[rng.integers(len(views))] if recipe.shifts else X
        if recipe.batch:
            fit(network, view, targets, rng=rng, loss=loss, optimizer=optimizer, epochs=1, batch=recipe.batch)
        else:
            step_on_all(network, view, targets, loss, optimizer)
    return network, time.perf_counter() - wall, time.process_time() - cpu


def step_on_all(network: Network, X: np.ndarray, targets: np.ndarray, loss: Loss, optimizer: Optimizer) -> None:
    """One step with the gradient of all rows, which must be a multiple of `PIECE`.

    The mean over pieces of one size is the mean over all, and a piece stays in the processor's cache.
    """
    total = np.zeros_like(network.gradients)
    for i in range(0, len(X), PIECE):
        _, delta = loss(network.forward(X[i : i + PIECE]), targets[i : i + PIECE])
        network.backward(delta)
        total += network.gradients
    optimizer.step(network.weights, total / (len(X) // PIECE))


def rate(recipe: Recipe, t: int) -> float:
    """The learning rate of epoch `t`."""
    if recipe.decay < 0:
        return recipe.lr * (1 - t / recipe.epochs)
    return exponential_decay(recipe.lr, recipe.decay)(t)


def asked_nine_times(network: Network, X: np.ndarray) -> np.ndarray:
    """The mean of the probabilities (N, 10) for the nine shifts of each image."""
    return np.mean([softmax(network.predict(view)) for view in shifted(X)], axis=0)


def line(recipe: Recipe, data: Data, seed: int) -> dict[str, object]:
    """One training, in numbers. The last two arrays of `data` are what is measured on."""
    X, y, X_unseen, y_unseen = data
    network, wall, cpu = train(recipe, X, y, seed)
    nine = accuracy(asked_nine_times(network, X_unseen), y_unseen) if recipe.shifts else None
    return {
        "seed": seed,
        "network": "-".join(map(str, network.sizes)),
        "epochs": recipe.epochs,
        "steps": recipe.epochs * (-(-len(X) // recipe.batch) if recipe.batch else 1),
        "train_accuracy": f"{accuracy(network.predict(X), y):.4f}",
        "accuracy": f"{accuracy(network.predict(X_unseen), y_unseen):.4f}",
        "accuracy_of_nine": "" if nine is None else f"{nine:.4f}",
        "wall_s": f"{wall:.1f}",
        "cpu_s": f"{cpu:.1f}",
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
    }


def missing(table: Path, keys: list[dict[str, str]]) -> Iterator[int]:
    """The indices of the `keys` that no line of the table has."""
    done = []
    if table.exists():
        with table.open(newline="") as file:
            done = list(csv.DictReader(file))
    for i, key in enumerate(keys):
        if not any(key.items() <= row.items() for row in done):
            yield i


def add(table: Path, row: dict[str, object]) -> None:
    """Append a line to the table, and print it."""
    print(row, flush=True)
    new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def repair(stages: list[str], seeds: int, table: Path = TABLE) -> None:
    """Train the stages that the table lacks, and measure on the test set."""
    jobs = [(stage, seed) for seed in range(seeds) for stage in stages]
    for i in missing(table, [{"stage": stage, "seed": str(seed)} for stage, seed in jobs]):
        stage, seed = jobs[i]
        add(table, {"stage": stage, **line(STAGES[stage], data(), seed)})


def select(seeds: int, table: Path = SELECTION) -> None:
    """Train the candidates that the table lacks, and measure on the last 10,000 training images."""
    X, y, _, _ = data()
    split = (X[:-N_VALIDATION], y[:-N_VALIDATION], X[-N_VALIDATION:], y[-N_VALIDATION:])
    jobs = [(recipe, 100 + seed) for recipe in CANDIDATES for seed in range(seeds if recipe.hidden == (16, 16) else 1)]
    settings = [
        {name: str(asdict(recipe)[name]) for name in ("batch", "lr", "decay", "smooth")}
        | {"network": "-".join(map(str, [784, *recipe.hidden, 10])), "seed": str(seed)}
        for recipe, seed in jobs
    ]
    for i in missing(table, settings):
        recipe, seed = jobs[i]
        add(table, settings[i] | line(recipe, split, seed))


def main() -> None:
    """Run what the tables lack."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--select", action="store_true", help="compare the candidates on the validation images")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="default: all")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.select:
        select(arguments.seeds)
    else:
        repair(arguments.stages, arguments.seeds)


if __name__ == "__main__":
    main()
