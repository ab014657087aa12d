"""Searches for hyperparameters on one budget: the course's own, Optuna and Keras Tuner, on measured losses.

    .venv/bin/python benchmarks/search.py        (about 6 minutes on one core, most of them Keras Tuner)

writes benchmarks/search.csv: for each searcher and seed the losses of its 30 trials, in their order. A trial looks the
mean validation loss of three trainings up in benchmarks/search_table.csv (`course_utils.search.LossTable`), so the
smallest loss is known. Searchers that are already there are not repeated. Optuna and Keras Tuner come with their
defaults: of the 30 trials, Optuna's first 10 and Keras Tuner's first 12 are random.
"""

import argparse
import csv
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from course_utils import search
from course_utils.search import LossTable

TABLE = Path(__file__).with_suffix(".csv")
LOSSES = Path(__file__).with_name("search_table.csv")
NAMES = ["lr", "neurons", "batch", "decay"]
BUDGET = 30
COLUMNS = ["searcher", "seed", "seconds", *(f"loss_{k}" for k in range(1, BUDGET + 1))]

Searcher = Callable[[LossTable, int], np.ndarray]


def ours(name: str, table: LossTable, seed: int) -> np.ndarray:
    """The losses of one of the searches of `course_utils.search`."""
    _, losses = getattr(search, f"{name}_search")(table, len(NAMES), BUDGET, np.random.default_rng(seed))
    return losses


def lowest_mean(table: LossTable, seed: int) -> np.ndarray:
    """As `bayesian_search`, but it goes where the mean is lowest, however certain that is."""
    improvement = search.expected_improvement
    search.expected_improvement = lambda mean, sigma, best: -mean
    try:
        return ours("bayesian", table, seed)
    finally:
        search.expected_improvement = improvement


def optuna_losses(sampler: str, table: LossTable, seed: int) -> np.ndarray:
    """The losses of Optuna, with one of its samplers."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: "optuna.Trial") -> float:
        return table(np.array([trial.suggest_float(name, 0, 1) for name in NAMES]))

    study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))
    study.optimize(objective, n_trials=BUDGET)
    return np.array([trial.value for trial in study.trials])


def keras_tuner_losses(table: LossTable, seed: int) -> np.ndarray:
    """The losses of Keras Tuner's Bayesian optimization."""
    os.environ["KERAS_BACKEND"], os.environ["TF_CPP_MIN_LOG_LEVEL"] = "tensorflow", "3"
    import keras_tuner

    losses = []

    class Lookup(keras_tuner.BayesianOptimization):
        def run_trial(self, trial: "keras_tuner.engine.trial.Trial", *args: object, **kwargs: object) -> float:
            losses.append(table(np.array([trial.hyperparameters.Float(name, 0.0, 1.0) for name in NAMES])))
            return losses[-1]

    space = keras_tuner.HyperParameters()
    for name in NAMES:
        space.Float(name, 0.0, 1.0)
    with tempfile.TemporaryDirectory() as folder:
        tuner = Lookup(
            objective=keras_tuner.Objective("loss", "min"),
            max_trials=BUDGET,
            seed=seed,
            hyperparameters=space,
            directory=folder,
        )
        tuner.search(verbose=0)
    return np.array(losses)


SEARCHERS: dict[str, tuple[Searcher, int]] = {
    "grid": (partial(ours, "grid"), 50),
    "random": (partial(ours, "random"), 50),
    "evolutionary": (partial(ours, "evolutionary"), 50),
    "Bayesian": (partial(ours, "bayesian"), 50),
    "lowest mean": (lowest_mean, 50),
    "Optuna, TPE": (partial(optuna_losses, "TPESampler"), 50),
    "Optuna, GP": (partial(optuna_losses, "GPSampler"), 10),
    "Keras Tuner": (keras_tuner_losses, 6),
}  #: each with the number of seeds


def main() -> None:
    """Run the searchers that the table lacks, and add their lines."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", type=Path, default=TABLE, help="the CSV file (default: beside this script)")
    path = parser.parse_args().table
    warnings.simplefilter("ignore")
    done = set()
    if path.exists():
        with path.open(newline="") as file:
            done = {(row["searcher"], int(row["seed"])) for row in csv.DictReader(file)}
    table = LossTable.from_csv(LOSSES, NAMES, [f"validation_{seed}" for seed in range(3)])
    for name, (searcher, seeds) in SEARCHERS.items():
        for seed in range(seeds):
            if (name, seed) in done:
                continue
            started = time.perf_counter()
            losses = searcher(table, seed)
            seconds = time.perf_counter() - started
            new = not path.exists()
            with path.open("a", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if new:
                    writer.writerow(COLUMNS)
                row = [*(f"{loss:.4f}" for loss in losses), *[""] * (BUDGET - len(losses))]
                writer.writerow([name, seed, f"{seconds:.2f}", *row])
        print(f"{name}: {seeds} seeds", flush=True)


if __name__ == "__main__":
    main()
