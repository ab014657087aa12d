"""A ROOT file of 1 GB: read at once, in pieces, and by Dask. How fast, and how much memory at the peak.

    .venv/bin/python benchmarks/streaming.py [--gigabytes 1] [--repeats 3] [--folder DIR]

makes the file in a temporary folder from the jets of the sample, drawn with replacement, and deletes it at the end.
Each way runs in a process of its own, in turn, and all must give the same result: the histogram of the soft-drop mass,
and the mean number and the mean width of the constituents. The table is printed and written to benchmarks/streaming.md.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import awkward as ak
import dask
import numpy as np
import uproot

from course_utils.data import jets_path

TABLE = Path(__file__).with_suffix(".md")
JETS_PER_BASKET = 20_000
JETS_PER_PIECE = 40_000
THREADS = 2
LISTS = ("pt", "deta", "dphi")
EDGES = np.linspace(0, 250, 51)

REPORT = """# Streaming: a ROOT file that need not fit into memory

Written by `{command}`.

The file has {size:,.0f} MB: {jets:,} jets, drawn from the sample with replacement, as uncompressed float32 branches,
the soft-drop mass and pt, Δη and Δφ of the constituents. Baskets hold {basket:,} jets, pieces {piece:,}. All branches
are read and all values used, for the histogram of the mass, the mean number of constituents, and the mean width
Σ pt ΔR / Σ pt. The {ways} ways agree: the histogram exactly, the means to 1e-9.

| way | MB/s: median (min–max) | peak memory, MB | the same for a tenth of the file |
| --- | ---: | ---: | ---: |
{rows}

Machine: {machine}.

{repeats} runs of each, in turn, each in its own process. The rate is the size of the file over the time from opening
it to the result, without the imports; the file was in the page cache. Memory is the largest resident set of the process
in any run (`ru_maxrss`); Python and the packages hold {imports:,.0f} MB of it before a byte of data is read.
"""


# ── What is computed ────────────────────────────────────────────────────────────────────────────────────────────


def reduce(jets: ak.Array) -> dict[str, Any]:
    """What some jets add to the result."""
    counts, _ = np.histogram(jets.msd.to_numpy(), EDGES)
    distance = np.hypot(jets.constituent_deta, jets.constituent_dphi)
    pt_sum = ak.sum(jets.constituent_pt, axis=1, mask_identity=False)
    width = ak.sum(jets.constituent_pt * distance, axis=1) / pt_sum
    return {
        "counts": counts,
        "jets": len(jets),
        "constituents": int(ak.sum(ak.num(jets.constituent_pt))),
        "width": float(np.sum(width.to_numpy(), dtype=np.float64)),
    }


def add(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The result of several pieces."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def at_once(path: str) -> dict[str, Any]:
    with uproot.open(path) as file:
        return reduce(file["jets"].arrays())


def in_pieces(path: str) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for piece in uproot.iterate({path: "jets"}, step_size=JETS_PER_PIECE):
        part = reduce(piece)
        total = add([total, part]) if total else part
    return total


def by_dask(path: str) -> dict[str, Any]:
    def task(start: int) -> dict[str, Any]:
        with uproot.open(path) as file:
            return reduce(file["jets"].arrays(entry_start=start, entry_stop=start + JETS_PER_PIECE))

    with uproot.open(path) as file:
        starts = range(0, file["jets"].num_entries, JETS_PER_PIECE)
    plan = dask.delayed(add)([dask.delayed(task)(start) for start in starts])
    return plan.compute(scheduler="threads", num_workers=THREADS)


WAYS = {"at once": at_once, "`uproot.iterate`": in_pieces, f"Dask, {THREADS} threads": by_dask}


def measure(way: str, path: str) -> None:
    """Run in a process of its own: print seconds, memory and result as JSON."""
    imports = peak_mb()
    started = time.perf_counter()
    result = WAYS[way](path)
    seconds = time.perf_counter() - started
    result["counts"] = result["counts"].tolist()
    print(json.dumps({"seconds": seconds, "memory": peak_mb(), "imports": imports, "result": result}))


def peak_mb() -> float:
    """The largest resident set so far; Linux counts it in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


# ── The file ────────────────────────────────────────────────────────────────────────────────────────────────────


def make_file(path: Path, size: float) -> int:
    """Write jets until the file has `size` bytes; gives back how many."""
    rng = np.random.default_rng(1)
    names = ["msd", *(f"constituent_{name}" for name in LISTS)]
    with uproot.open(jets_path()) as file:
        sample = file["jets"].arrays(names)
    record = ", ".join(f"{name}: float32" for name in LISTS)
    n = 0
    with uproot.recreate(path, compression=None) as out:
        tree = out.mktree("jets", {"msd": "f4", "constituent": f"var * {{{record}}}"})
        while path.stat().st_size < size:
            drawn = sample[rng.integers(0, len(sample), JETS_PER_BASKET)]
            tree.extend({"msd": drawn.msd, "constituent": ak.zip({k: drawn[f"constituent_{k}"] for k in LISTS})})
            n += JETS_PER_BASKET
    return n


def require_room(folder: Path, size: float) -> None:
    """End with one line unless the disk has room for the file and a tenth more."""
    if not folder.is_dir():
        sys.exit(f"There is no folder {folder}: make it, or choose another with --folder.")
    free = shutil.disk_usage(folder).free
    if free < 1.1 * size:
        sys.exit(
            f"{folder} has {free / 1e9:.1f} GB free, and the file needs {1.1 * size / 1e9:.1f} GB: choose another "
            "place with --folder, or a smaller file with --gigabytes."
        )


# ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────


def run(way: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", way, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Reading {way} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def agree(results: list[dict[str, Any]]) -> bool:
    first = results[0]
    exact = all(r[name] == first[name] for r in results for name in ("counts", "jets", "constituents"))
    return exact and all(abs(r["width"] - first["width"]) <= 1e-9 * first["width"] for r in results)


def machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        models = [line.split(":", 1)[1] for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = " ".join(models[0].split()[:2]) if models else model
    packages = f"uproot {uproot.__version__}, awkward {ak.__version__}, Dask {dask.__version__}"
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, at a load of {load:.1f} from others and this; "
        f"{platform.system()}, Python {platform.python_version()}, {packages}"
    )


def report(
    args: argparse.Namespace,
    jets: int,
    size: float,
    runs: dict[str, list[dict[str, Any]]],
    tenth: dict[str, dict[str, Any]],
) -> str:
    rows = []
    for way, done in runs.items():
        rates = [size / 1e6 / r["seconds"] for r in done]
        memory = max(r["memory"] for r in done)
        rate = f"{median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
        rows.append(f"| {way} | {rate} | {memory:,.0f} | {tenth[way]['memory']:,.0f} |")
    return REPORT.format(
        command=" ".join(
            ["python benchmarks/streaming.py", f"--gigabytes {args.gigabytes:g} --repeats {args.repeats}"]
        ),
        size=size / 1e6,
        jets=jets,
        basket=JETS_PER_BASKET,
        piece=JETS_PER_PIECE,
        ways={3: "three"}.get(len(runs), len(runs)),
        rows="\n".join(rows),
        machine=machine(),
        repeats=args.repeats,
        imports=median(r["imports"] for done in runs.values() for r in done),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(*args.measure)
        return
    if args.gigabytes <= 0 or args.repeats < 1:
        parser.error("--gigabytes must be more than 0 and --repeats at least 1")
    require_room(args.folder, args.gigabytes * 1e9)
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = Path(folder) / "jets.root"
        make_file(path, args.gigabytes * 1e8)
        tenth = {way: run(way, path) for way in WAYS}
        jets = make_file(path, args.gigabytes * 1e9)
        size = path.stat().st_size
        for number in range(args.repeats):
            for way, done in runs.items():
                done.append(run(way, path))
                print(f"run {number + 1}, {way}: {done[-1]['seconds']:.1f} s, {done[-1]['memory']:,.0f} MB", flush=True)
    if not agree([r["result"] for done in runs.values() for r in done]):
        sys.exit("The ways disagree about the result: no table is written.")
    text = report(args, jets, size, runs, tenth)
    TABLE.write_text(text, encoding="utf-8")
    print("\n" + text)


if __name__ == "__main__":
    main()
