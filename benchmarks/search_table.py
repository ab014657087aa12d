"""The losses that searches for hyperparameters are raced on: a network on jets, trained at every node of a grid.

    .venv/bin/python benchmarks/search_table.py        (about 5 minutes on one core)

writes benchmarks/search_table.csv, one line per setting, a learning rate at a time as soon as it is done; learning
rates that are already there are not repeated.

The network has two hidden layers of ReLU neurons. It is trained on the first 2,000 jets of the training part, for
5 epochs, by AdamW; the losses are the cross-entropies of all 5,000 validation jets and of all 5,000 test jets, for each
of 3 seeds, which draw the first weights and the order of the jets. A network that is worse than guessing could be
replaced by guessing: losses above ln 5 count as ln 5, and so do trainings that ran away.
"""

import argparse
import csv
import time
from itertools import product
from pathlib import Path

import numpy as np

from course_utils import data
from course_utils.nn.layers import Network
from course_utils.nn.losses import cross_entropy
from course_utils.nn.optimizers import AdamW
from course_utils.nn.training import DivergedError, fit

TABLE = Path(__file__).with_suffix(".csv")
SEEDS = range(3)
NODES = {
    "lr": [float(f"{lr:.3g}") for lr in np.logspace(-4, 0, 13)],
    "neurons": [4, 8, 16, 32, 64, 128],
    "batch": [16, 64, 256],
    "decay": [0.001, 0.01, 0.1, 1.0],
}
PARTS = ("validation", "test")
COLUMNS = [*NODES, *(f"{part}_{seed}" for part in PARTS for seed in SEEDS)]
GUESSING = float(np.log(5))

Data = dict[str, tuple[np.ndarray, np.ndarray]]


def jets() -> Data:
    """Scaled features and labels: 2,000 jets to train on, all of the validation and test parts."""
    all_jets = data.jets()
    mean, std = all_jets.X_train.mean(axis=0), all_jets.X_train.std(axis=0)

    def scaled(X: np.ndarray) -> np.ndarray:
        return ((X - mean) / std).astype(np.float32)

    return {
        "train": (scaled(all_jets.X_train[:2000]), all_jets.y_train[:2000]),
        "validation": (scaled(all_jets.X_validation), all_jets.y_validation),
        "test": (scaled(all_jets.X_test), all_jets.y_test),
    }


def losses(data: Data, seed: int, lr: float, neurons: int, batch: int, decay: float) -> dict[str, float]:
    """The validation and the test loss after one training."""
    network = Network([27, neurons, neurons, 5], np.random.default_rng(seed))
    rng, optimizer = np.random.default_rng(100 + seed), AdamW(lr, decay=decay)
    try:
        fit(network, *data["train"], rng=rng, optimizer=optimizer, epochs=5, batch=batch, metric=None)
        found = {part: cross_entropy(network.predict(data[part][0]), data[part][1])[0] for part in PARTS}
    except (DivergedError, FloatingPointError):
        found = dict.fromkeys(PARTS, GUESSING)
    return {part: min(loss, GUESSING) if np.isfinite(loss) else GUESSING for part, loss in found.items()}


def line(data: Data, **setting: float) -> dict[str, float | str]:
    """One line of the table: a setting, and its losses for each seed."""
    of_seed = [losses(data, seed, **setting) for seed in SEEDS]
    return setting | {f"{part}_{seed}": f"{of_seed[seed][part]:.4f}" for part in PARTS for seed in SEEDS}


def main() -> None:
    """Train what the table lacks, and add the lines."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", type=Path, default=TABLE, help="the CSV file (default: beside this script)")
    table = parser.parse_args().table
    done = set()
    if table.exists():
        with table.open(newline="") as file:
            done = {float(row["lr"]) for row in csv.DictReader(file)}
    sample = jets()
    for lr in sorted(set(NODES["lr"]) - done):
        started = time.perf_counter()
        rest = product(NODES["neurons"], NODES["batch"], NODES["decay"])
        lines = [line(sample, lr=lr, neurons=n, batch=B, decay=decay) for n, B, decay in rest]
        print(f"learning rate {lr:g}: {time.perf_counter() - started:.0f} s", flush=True)
        new = not table.exists()
        with table.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerows(lines)


if __name__ == "__main__":
    main()
