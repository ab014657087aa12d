"""The jets of the playground: soft-drop mass and tau21 of W and QCD jets, drawn from the sample of the package."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from course_utils import data

FILE = Path("book/_static/playground/jets.json")  #: in a checkout of the course
FEATURES = ("msd", "tau21")
JETS = {"W": 500, "q": 250, "g": 250}  #: in each part

Part = dict[str, list]


def sample() -> dict[str, Part]:
    """`train` and `test`, each with rows X [mass in GeV, tau21] and labels y (1 for W), classes in random order."""
    jets = data.jets()
    columns = [jets.features.index(name) for name in FEATURES]
    rng = np.random.default_rng(0)

    def part(X: NDArray, y: NDArray) -> Part:
        label = jets.classes.index
        drawn = [rng.choice(np.flatnonzero(y == label(name)), n, replace=False) for name, n in JETS.items()]
        rows = rng.permutation(np.concatenate(drawn))
        return {
            "X": [[round(float(msd), 1), round(float(tau21), 3)] for msd, tau21 in X[rows][:, columns]],
            "y": (y[rows] == label("W")).astype(int).tolist(),
        }

    return {"train": part(jets.X_train, jets.y_train), "test": part(jets.X_test, jets.y_test)}


def text() -> str:
    """The content of jets.json."""
    return json.dumps(sample(), separators=(",", ":")) + "\n"
