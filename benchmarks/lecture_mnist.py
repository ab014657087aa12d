"""The recipe of lecture D for MNIST, run from several seeds: how far apart do the accuracies lie, and why?

    .venv/bin/python benchmarks/lecture_mnist.py --seeds 10        (about 2 × 2 minutes per seed on one core)

writes benchmarks/lecture_mnist.csv, one line per run, as soon as it is done; runs that are already there with the same
number of epochs are not repeated.

What was taken from the slides: 784-16-16-10; ReLU after every layer, also the last; all weights and biases drawn
uniformly from −0.5 to 0.5; 1500 steps of gradient descent on all 60,000 training images at once, learning rate 0.1;
the answer is the output with the largest value.

What the slides leave open:

- What the gradient is divided by. The code starts from dZ3 = 2 (A3 − Y) · ReLU'(Z3) and divides by m = Y.size. For the
  one-hot Y that stands in A3 − Y this is 10 × 60,000, the mean over all *entries*; if Y.size was that of the labels, it
  is 60,000, the mean over the *examples*, and each step is ten times longer. Both are run, column `mean_over`.
- The scale of the pixels. They are divided by 255 here: raw ones, up to 255, would give a cost at the start of some
  10¹⁰, and the slides print 279,650. That cost is taken to be Σ (A3 − Y)², neither halved nor averaged, and so are the
  columns first_cost and last_cost: the lecture ends at 25,708, 0.43 per image, with 0.7420 right in training and 0.7494
  in test. Were it half the sum, 0.86 per image would be little better than the 0.90 of a network that gives the same
  answer for every image.

A unit is dead if its ReLU gives 0 for every training image: no gradient passes it, so it stays so unless the layers
below it move. A dead output unit is a dead class; a class is *unnamed* if, dead or not, it is the answer to no training
image. Where all ten outputs are 0, the answer is the first of them, 0.
"""

import argparse
import csv
import time
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from course_utils.data import mnist
from course_utils.nn.layers import Network
from course_utils.nn.losses import accuracy, one_hot, squared_error
from course_utils.nn.optimizers import SGD
from course_utils.nn.training import fit

TABLE = Path(__file__).with_suffix(".csv")
COLUMNS = [
    "mean_over",
    "seed",
    "epochs",
    "train_accuracy",
    "test_accuracy",
    "dead_classes",
    "unnamed_classes",
    "dead_hidden_1",
    "dead_hidden_2",
    "first_cost",
    "last_cost",
    "seconds",
]

MEANS = {"entries": 1, "examples": 10}  #: how long a step is, in units of the mean over all entries

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def lecture_data() -> Data:
    """Images as rows of float32 from 0 to 1, and labels: X_train, y_train, X_test, y_test."""
    X_train, y_train, X_test, y_test = mnist()
    X_train, X_test = (np.divide(X.reshape(len(X), -1), 255, dtype=np.float32) for X in (X_train, X_test))
    return X_train, y_train, X_test, y_test


def dead_units(network: Network, X: np.ndarray) -> list[np.ndarray]:
    """For each layer the units whose ReLU is 0 on every row of `X`."""
    network.forward(X)
    return [np.flatnonzero((relu.A == 0).all(axis=0)) for relu in network.layers[1::2]]


def run(mean_over: str, seed: int, data: Data, epochs: int = 1500) -> dict[str, object]:
    """One training by the lecture's recipe: a line of the table."""
    X, y, X_test, y_test = data
    Y = one_hot(y, 10).astype(np.float32)
    network = Network([784, 16, 16, 10], np.random.default_rng(seed), hidden="relu", output="relu", init="uniform")
    first_cost = np.sum((network.predict(X) - Y) ** 2, dtype=float)
    started = time.perf_counter()
    lr = 0.1 * MEANS[mean_over]
    fit(network, X, Y, loss=partial(squared_error, over="entries"), optimizer=SGD(lr), epochs=epochs, batch=None)
    seconds = time.perf_counter() - started
    hidden_1, hidden_2, classes = dead_units(network, X)
    A = network.predict(X)
    last_cost = np.sum((A - Y) ** 2, dtype=float)
    return {
        "mean_over": mean_over,
        "seed": seed,
        "epochs": epochs,
        "train_accuracy": f"{accuracy(A, y):.4f}",
        "test_accuracy": f"{accuracy(network.predict(X_test), y_test):.4f}",
        "dead_classes": " ".join(map(str, classes)),
        "unnamed_classes": " ".join(map(str, sorted(set(range(10)) - set(A.argmax(axis=1).tolist())))),
        "dead_hidden_1": len(hidden_1),
        "dead_hidden_2": len(hidden_2),
        "first_cost": f"{first_cost:.0f}",
        "last_cost": f"{last_cost:.0f}",
        "seconds": f"{seconds:.1f}",
    }


def main() -> None:
    """Run what the table lacks, and add the lines."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="run seeds 0 to SEEDS − 1 (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=1500, help="steps of gradient descent (default: %(default)s)")
    parser.add_argument("--table", type=Path, default=TABLE, help="the CSV file (default: beside this script)")
    arguments = parser.parse_args()
    table = arguments.table
    done = set()
    if table.exists():
        with table.open(newline="") as file:
            lines = [line for line in csv.DictReader(file) if int(line["epochs"]) == arguments.epochs]
            done = {(line["mean_over"], int(line["seed"])) for line in lines}
    data = lecture_data()
    for mean_over, seed in sorted({*product(MEANS, range(arguments.seeds))} - done, reverse=True):
        line = run(mean_over, seed, data, arguments.epochs)
        print(line, flush=True)
        new = not table.exists()
        with table.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(line)


if __name__ == "__main__":
    main()
