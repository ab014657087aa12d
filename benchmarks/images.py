"""How many jets become images each second, on one core: the batch, a loop over jets, and EnergyFlow.

    .venv/bin/python benchmarks/images.py [--energyflow]

prints a table and writes it to benchmarks/images.md. Two programs are timed in turn, A B A B …, and compared pair
by pair, so that what else the machine does hits both. EnergyFlow needs numpy < 2; with ``--energyflow`` it is
installed by pip into an environment of its own, thrown away at the end.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from course_utils.physics.images import jet_images

TABLE = Path(__file__).with_suffix(".md")
CONSTITUENTS = 50
WIDTH = 1.6

REPORT = """# Jet images per second

Written by `{command}`.

{k} constituents per jet, float32 in and out. The batch is `course_utils.physics.images.jet_images`, all steps counted:
translate, rotate, flip, pixelate, normalize.

| image | compared with | batch, jets/s | the other, jets/s | ratio: median (min–max) |
| --- | --- | ---: | ---: | ---: |
{rows}

Machine: {machine}; {core}, `OMP_NUM_THREADS=1`.

Rates are medians of {pairs} interleaved pairs, 20,000 jets by the batch and 1,000 by the other; ratios are taken pair
by pair.

{note}
"""
FEWER_STEPS = """{}: `energyflow.utils.pixelate`, in an environment of its own on the same core.
It does fewer steps: it centers on the pT centroid to the nearest pixel, sums pixels and normalizes; it does not
rotate, flip, or wrap φ (its jets are made whole beforehand)."""

ENERGYFLOW = """
import sys, time
import energyflow, numpy as np
from energyflow.utils import pixelate
jets = np.load(sys.argv[1])
print(energyflow.__version__, np.__version__, flush=True)
for line in sys.stdin:
    size, width, n = int(line.split()[0]), float(line.split()[1]), int(line.split()[2])
    images = np.empty((n, size, size, 1), np.float32)
    start = time.perf_counter()
    for i in range(n):
        images[i] = pixelate(jets[i], npix=size, img_width=width, norm=True)
    print(time.perf_counter() - start, flush=True)
"""


def random_jets(n: int, rng: np.random.Generator, k: int = CONSTITUENTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """pt, deta, dphi (n, k), float32: two prongs anywhere in η and φ, no padding; φ between −π and π."""
    pt = rng.exponential(1, (n, k)) ** 3 + 0.1
    prong = np.where(rng.random((n, k)) < rng.uniform(0.3, 0.9, (n, 1)), 0.0, 1.0)
    distance, angle = rng.uniform(0.1, 0.5, (n, 1)), rng.uniform(-np.pi, np.pi, (n, 1))
    deta = rng.uniform(-2, 2, (n, 1)) + prong * distance * np.cos(angle) + rng.normal(0, 0.1, (n, k))
    dphi = rng.uniform(-np.pi, np.pi, (n, 1)) + prong * distance * np.sin(angle) + rng.normal(0, 0.1, (n, k))
    dphi = (dphi + np.pi) % (2 * np.pi) - np.pi
    return pt.astype(np.float32), deta.astype(np.float32), dphi.astype(np.float32)


def jet_image_of_one(
    pt, deta, dphi, size=32, width=WIDTH, *, centered=True, rotated=True, flipped=True, norm="sum"
) -> np.ndarray:
    """The image (size, size) of one jet with constituents `pt`, `deta`, `dphi` (K,): what `jet_images` must give.

    Written as one would for one jet, with other formulas where there are some (eigenvectors for the axis).
    """
    image = np.zeros((size, size))
    real = pt > 0
    if not real.any():
        return image
    pt, x, y = pt[real].astype(float), deta[real].astype(float), dphi[real].astype(float)
    around = y[np.argmax(pt)] if centered else 0.0
    y = (y - around + np.pi) % (2 * np.pi) - np.pi
    if centered:
        x = x - np.average(x, weights=pt)
        y = y - np.average(y, weights=pt)
    if rotated:
        points = np.array([x, y])
        lengths, axes = np.linalg.eigh(pt * points @ points.T)
        if lengths[1] - lengths[0] > 1e-6 * lengths.sum():
            u, v = axes[:, 1] if axes[0, 1] > 0 else -axes[:, 1]
            if v < -1e-6:
                u, v = -u, -v
            x, y = x * v - y * u, x * u + y * v
    if flipped:
        tie = 1e-6 * pt.sum()
        if pt[x < -1e-6].sum() - pt[x > 1e-6].sum() > tie:
            x = -x
        if pt[y < -1e-6].sum() - pt[y > 1e-6].sum() > tie:
            y = -y
    column = np.floor((x / width + 0.5) * size + 1e-4).astype(int)
    row = np.floor((y / width + 0.5) * size + 1e-4).astype(int)
    inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    np.add.at(image, (row[inside], column[inside]), pt[inside])
    scale = {"sum": image.sum(), "l2": np.linalg.norm(image), None: 1.0}[norm]
    return image / scale if scale > 0 else image


def loop(pt: np.ndarray, deta: np.ndarray, dphi: np.ndarray, size: int, width: float = WIDTH) -> np.ndarray:
    """`jet_image_of_one` for each jet: (N, size, size), float32."""
    images = np.empty((len(pt), size, size), np.float32)
    for i in range(len(pt)):
        images[i] = jet_image_of_one(pt[i], deta[i], dphi[i], size, width)
    return images


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def interleaved(a: Callable[[], float], b: Callable[[], float], pairs: int) -> np.ndarray:
    """What `a` and `b` return, called in turn after one call each that is not counted: (pairs, 2)."""
    a(), b()
    return np.array([(a(), b()) for _ in range(pairs)])


@contextmanager
def energyflow(jets: tuple[np.ndarray, ...]) -> Iterator[tuple[Callable[[int, int], float], str]]:
    """A function (size, n) that has EnergyFlow make n images and gives the seconds, and its versions in words."""
    with tempfile.TemporaryDirectory() as folder:
        print("installing EnergyFlow into an environment of its own …", file=sys.stderr)
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "energyflow", "numpy<2"]
        subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
        pt, deta, dphi = jets
        whole = np.unwrap(dphi.astype(float), axis=1)  # it would tear jets at φ = ±π
        np.save(Path(folder) / "jets.npy", np.stack([pt, deta, whole], axis=-1))
        command = [python, "-c", ENERGYFLOW, Path(folder) / "jets.npy"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

            def ask(size: int, n: int) -> float:
                process.stdin.write(f"{size} {WIDTH} {n}\n")
                process.stdin.flush()
                answer = process.stdout.readline()
                if not answer:
                    raise OSError("EnergyFlow broke off")
                return float(answer)

            versions = process.stdout.readline().split()
            if not versions:
                raise OSError("EnergyFlow does not start")
            yield ask, "EnergyFlow {} on NumPy {}".format(*versions)
            process.stdin.close()


def machine() -> str:
    """The machine and the software, in words."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    load = f", at a load of {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{cpu}, one of {os.cpu_count()} cores{load}; {platform.system()}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )


def pinned() -> bool:
    """Keep this process and its children on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return True


def row(size: int, peer: str, rates: np.ndarray) -> str:
    """One line of the table from jets/s in pairs: (pairs, 2), the batch first."""
    ratio = rates[:, 0] / rates[:, 1]
    batch, other = np.median(rates, axis=0)
    return (
        f"| {size} × {size} | {peer} | {batch:,.0f} | {other:,.0f} "
        f"| **{np.median(ratio):.0f}** ({ratio.min():.0f}–{ratio.max():.0f}) |"
    )


def compare(sizes: tuple[int, ...], jets: tuple[np.ndarray, ...], n_slow: int, pairs: int, ask=None) -> list[str]:
    """The lines of the table: `n_slow` jets of each sample for the slower program, all for the batch."""
    few = [values[:n_slow] for values in jets]
    counts = np.array([len(jets[0]), n_slow])
    rows = []
    for size in sizes:
        batch = partial(jet_images, *jets, size, WIDTH)
        times = interleaved(partial(seconds, batch), partial(seconds, partial(loop, *few, size)), pairs)
        rows.append(row(size, "loop over jets, all steps", counts / times))
        if ask:
            short = partial(jet_images, *jets, size, WIDTH, rotated=False, flipped=False)
            theirs = partial(ask, size, n_slow)
            rows.append(
                row(size, "EnergyFlow (fewer steps)", counts / interleaved(partial(seconds, batch), theirs, pairs))
            )
            times = interleaved(partial(seconds, short), theirs, pairs)
            rows.append(row(size, "EnergyFlow, the batch without rotation and flips", counts / times))
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--energyflow", action="store_true", help="compare with EnergyFlow too (pip installs it)")
    parser.add_argument("--pairs", type=int, default=25, help="runs of each program (default: 25)")
    arguments = parser.parse_args()
    core = "pinned to one core" if pinned() else "not pinned"

    jets = random_jets(20_000, np.random.default_rng(1))
    measure = partial(compare, (32, 16), jets, 1000, arguments.pairs)
    if not arguments.energyflow:
        rows, note = measure(), "EnergyFlow was not asked for (`--energyflow`)."
    else:
        try:
            with energyflow(jets) as (ask, versions):
                rows, note = measure(ask), FEWER_STEPS.format(versions)
        except (OSError, subprocess.SubprocessError) as error:
            rows, note = measure(), f"EnergyFlow could not be installed or run here ({type(error).__name__})."
    command = " ".join(["python", "benchmarks/images.py", *sys.argv[1:]])
    table = REPORT.format(
        command=command,
        k=CONSTITUENTS,
        rows="\n".join(rows),
        machine=machine(),
        core=core,
        pairs=arguments.pairs,
        note=note,
    )
    print(table, end="")
    TABLE.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    if os.environ.get("OMP_NUM_THREADS") != "1":
        os.environ["OMP_NUM_THREADS"] = "1"  # read when NumPy is imported: start again
        os.execv(sys.executable, [sys.executable, *sys.argv])
    main()
