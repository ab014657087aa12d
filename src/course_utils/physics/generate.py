"""Make any number of jets on all cores or on a cluster: shards first, each with a seed of its own, then one file."""

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from course_utils.data.store import DataError
from course_utils.physics import files
from course_utils.physics.branches import CLASSES
from course_utils.physics.recipe import JetError, Recipe
from course_utils.workers import Progress, WorkersError, runner

SHARDS_PER_PIECE = 20
WEIGHTS = (
    "Relative weight of the event, which undoes Pythia's bias2Selection. Without it, pt is nearly flat within the "
    "window, as classification wants it; with it, the spectrum falls as in nature. Not normalized to a luminosity."
)


class Job(NamedTuple):
    """One shard to make: its first `n` jets, whatever else the shard could hold."""

    recipe: Recipe
    shard: int
    n: int

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.recipe.jet_class}-{self.shard:06}.root"

    def provenance(self) -> dict[str, Any]:
        """What the file of the shard says about itself."""
        return {"recipe": self.recipe.as_dict(), "shard": self.shard, "versions": files.versions()}


def generate(
    recipe: Recipe,
    n: int,
    out: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Write exactly `n` jets to the ROOT file `out` and give back its provenance.

    `workers` processes (default: one per core) or the Dask cluster at the address `scheduler` do the work; the
    values do not depend on it. Shards gather in the folder ``<out>.shards``, which goes when the file is whole: after
    a kill, the same call continues there. An `out` that exists is replaced only with `force`.
    """
    out = Path(out)
    if n < 1:
        raise JetError(f"{n} jets are none: ask for at least 1.")
    if not out.parent.is_dir():
        raise JetError(f"The folder {out.parent} does not exist: make it first.")
    if out.exists() and not force:
        raise JetError(f"{out} exists: remove it, choose another --out, or replace it with --force.")
    jobs = jobs_of(recipe, n)
    shards = make_shards(jobs, out.with_name(f"{out.name}.shards"), workers=workers, scheduler=scheduler)
    provenance = {
        "title": "Jets of From Perceptrons to Jets",
        "command": command(recipe, n),
        "recipes": [recipe.as_dict()],
        "jets": {recipe.jet_class: n},
        "classes": CLASSES,
        "versions": files.versions(),
        "weights": WEIGHTS,
    }
    stored = files.write(out, _pieces(jobs, shards), provenance, scratch=shards)
    shutil.rmtree(shards)
    return stored


def command(recipe: Recipe, n: int) -> str:
    """The command line that makes the jets of a recipe.

    >>> command(Recipe("W", seed=7), 10000)
    'course jets --class W --n 10000 --seed 7 --pt-min 500 --pt-max 700'
    """
    window = f"--pt-min {recipe.pt_min:g} --pt-max {recipe.pt_max:g}"
    return f"course jets --class {recipe.jet_class} --n {n} --seed {recipe.seed} {window}{' --smear' * recipe.smear}"


def jobs_of(recipe: Recipe, n: int) -> list[Job]:
    """The shards that hold the first `n` jets of a recipe."""
    return [Job(recipe, shard, size) for shard, size in enumerate(recipe.shards(n))]


def make_shards(jobs: Sequence[Job], folder: Path, *, workers: int | None = None, scheduler: str | None = None) -> Path:
    """Make the files of `jobs` that are not yet in `folder`; gives back the folder."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise JetError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    files.remove_leftovers(folder)
    todo = [job for job in jobs if not _is_made(job, folder)]
    total, left = (sum(job.n for job in some) for some in (jobs, todo))
    try:
        with (
            Progress(total, total - left, "jets") as progress,
            runner(folder, len(todo), workers, scheduler, extra="jets") as run,
        ):
            for job, table in run(make_table, todo):
                files.write(folder / job.name, [table()], job.provenance())
                progress.add(job.n)
    finally:
        # Goes only if it is empty: nothing was made.
        with contextlib.suppress(OSError):
            folder.rmdir()
    return folder


def make_table(job: Job) -> files.Table:
    """The jets of one shard: what a worker does."""
    from course_utils.physics.events import jets_of_shard

    return files.table_of(job.recipe.label, jets_of_shard(job.recipe, job.shard, job.n))


def read_shard(job: Job, folder: Path) -> files.Table:
    """The jets of a shard that is made, no more than the job wants."""
    return files.take(files.read(folder / job.name), slice(job.n))


def _is_made(job: Job, folder: Path) -> bool:
    """Whether the shard is there with enough jets; one of another run is an error, a shorter one is made again."""
    path = folder / job.name
    if not path.exists():
        return False
    try:
        if not job.provenance().items() <= files.provenance(path).items():
            raise JetError(
                f"{folder} holds shards of another run, with other options or versions: remove it or choose another "
                "--out."
            )
        return len(files.read(path, ["label"])["label"]) >= job.n
    except DataError:
        return False


def _pieces(jobs: Sequence[Job], folder: Path) -> Iterator[files.Table]:
    """The jets in the order of the shards, a few shards at a time: memory does not grow with their number."""
    for first in range(0, len(jobs), SHARDS_PER_PIECE):
        yield files.concatenate([read_shard(job, folder) for job in jobs[first : first + SHARDS_PER_PIECE]])


def main(
    jet_class: str | None,
    n: int,
    seed: int,
    out: str | None,
    pt_min: float,
    pt_max: float,
    smear: bool,
    workers: int | None,
    scheduler: str | None,
    force: bool,
    sample: bool,
) -> int:
    """`course jets`: 0 when the file is whole, 1 with a message, 130 when interrupted."""
    try:
        if sample:
            from course_utils.physics.sample import make_sample

            path, provenance = make_sample(workers=workers, scheduler=scheduler)
        elif jet_class is None or out is None:
            raise JetError("Which jets, and where to? For example: course jets --class W --n 1000 --out jets.root")
        else:
            recipe = Recipe(jet_class, seed, pt_min, pt_max, smear)
            path = Path(out)
            provenance = generate(recipe, n, path, workers=workers, scheduler=scheduler, force=force)
    except (JetError, DataError, ImportError, WorkersError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command continues where this one stopped.", file=sys.stderr)
        return 130
    print(f"{path}: {json.dumps(provenance['jets'])} jets, {path.stat().st_size:,} bytes")
    return 0
