"""The jets that ship with the package: five classes, balanced, rounded, in one small file."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.data import store
from course_utils.physics import files
from course_utils.physics.branches import CLASSES, SPLITS, split_of
from course_utils.physics.generate import WEIGHTS, Job, jobs_of, make_shards, read_shard
from course_utils.physics.recipe import JetError, Recipe

SEED = 1
SAMPLE_CLASSES = ("q", "g", "W", "Z", "t")
JETS_PER_SPLIT = (3000, 1000, 1000)
# More than the 5000 kept: which split an event falls into is random enough that one of them fills up late.
GENERATED_PER_CLASS = 6000
NAME = "jets/jets.root"
COMMAND = "make jets-sample"


def make_sample(workers: int | None = None, scheduler: str | None = None) -> tuple[Path, dict[str, Any]]:
    """Write the file of jets of the package, with its SHA256SUMS; gives back its path and provenance."""
    path = store.FILES / NAME
    path.parent.mkdir(exist_ok=True)
    jobs = sample_jobs()
    shards = make_shards(jobs, path.with_name(f"{path.name}.shards"), workers=workers, scheduler=scheduler)
    provenance = files.write(path, [assemble(jobs, shards)], sample_provenance(), level=9, scratch=shards)
    shutil.rmtree(shards)
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name("SHA256SUMS").write_text(f"{content}  {path.name}\n", encoding="ascii")
    return path, provenance


def sample_jobs() -> list[Job]:
    """The shards that the sample is chosen from."""
    return [job for name in SAMPLE_CLASSES for job in jobs_of(Recipe(name, SEED), GENERATED_PER_CLASS)]


def assemble(jobs: list[Job], shards: Path) -> files.Table:
    """The jets of the sample from the shards: balanced in class and split, mixed, rounded."""
    tables = []
    for name in SAMPLE_CLASSES:
        table = files.concatenate([read_shard(job, shards) for job in jobs if job.recipe.jet_class == name])
        tables.append(files.take(table, first_of_each_split(table["event"], JETS_PER_SPLIT)))
    everything = files.concatenate(tables)
    # Mixed, so that any part of the file holds all classes.
    order = np.random.default_rng(SEED).permutation(len(everything["event"]))
    return files.reduce_precision(files.take(everything, order))


def first_of_each_split(event: NDArray[np.int64], wanted: tuple[int, ...]) -> NDArray[np.int64]:
    """The rows of the first jets of each split, as many as `wanted`, in the order of the rows.

    >>> first_of_each_split(np.array([0, 1, 3, 4, 4, 5]), (2, 1, 1)).tolist()
    [0, 1, 2, 3]
    """
    split = split_of(event)
    rows = []
    for number, (name, count) in enumerate(zip(SPLITS, wanted, strict=True)):
        found = np.flatnonzero(split == number)[:count]
        if len(found) < count:
            raise JetError(f"The {name} part has {len(found)} of {count} jets: generate more per class.")
        rows.append(found)
    return np.sort(np.concatenate(rows))


def sample_provenance() -> dict[str, Any]:
    """What the sample says about itself; `files.write` adds branches and checksums."""
    recipes = [Recipe(name, SEED) for name in SAMPLE_CLASSES]
    return {
        "title": "Jets of From Perceptrons to Jets: the sample that ships with the package",
        "command": COMMAND,
        "recipes": [recipe.as_dict() for recipe in recipes],
        "jets": dict.fromkeys(SAMPLE_CLASSES, sum(JETS_PER_SPLIT)),
        "classes": CLASSES,
        "splits": {
            "rule": "event % 5: 0 1 2 train, 3 validation, 4 test",
            **dict(zip(SPLITS, JETS_PER_SPLIT, strict=True)),
        },
        "precision": "mantissa of features and weight 12 bits, of constituent_pt 8; steps of deta and dphi 0.002",
        "versions": files.versions(),
        "weights": WEIGHTS,
    }
