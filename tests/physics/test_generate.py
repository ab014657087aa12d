"""The same jets from the same seed, however they are made, and never half a file."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import uproot

from course_utils import cli
from course_utils.physics import events, files, generate
from course_utils.physics.branches import BRANCHES, CLASSES, CONSTITUENT_BRANCHES, split_of
from course_utils.physics.features import direction
from course_utils.physics.generate import jobs_of, make_table
from course_utils.physics.recipe import MAX_PYTHIA_SEED, JetError, Recipe

SMALL = Recipe("W", seed=5, jets_per_shard=3)


def error(capsys, *arguments):
    """What `course jets` prints when it fails."""
    assert cli.main(["jets", *map(str, arguments)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    return err


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def table():
    """Six jets of two small shards, made without any orchestration."""
    return files.concatenate([make_table(job) for job in jobs_of(SMALL, 6)])


@pytest.fixture
def cheap_shards(monkeypatch, table):
    """`generate` gets its jets from the table above."""

    def make(job):
        first = job.shard * SMALL.jets_per_shard
        return files.take(table, slice(first, first + job.n))

    monkeypatch.setattr(generate, "make_table", make)


# ── Seeds and jets ──────────────────────────────────────────────────────────────────────────────────────────────


def test_every_shard_has_its_own_seed():
    seeds = {Recipe(name, seed).random_seed(shard) for name in CLASSES for seed in (1, 2) for shard in range(100)}
    assert len(seeds) == len(CLASSES) * 200
    assert min(seeds) >= 1 and max(seeds) <= MAX_PYTHIA_SEED


def test_events_of_classes_and_shards_have_different_numbers():
    first = [Recipe(name).first_event(shard) for name in CLASSES for shard in (0, 1, 2)]
    assert np.diff(first).min() >= 10**6


def test_shards_hold_exactly_n_jets():
    for n in (1, 3, 7, 500, 501):
        assert sum(SMALL.shards(n)) == n
        assert all(0 < size <= 3 for size in SMALL.shards(n))


@pytest.mark.slow
def test_a_shard_is_the_same_for_any_batch_and_starts_the_same_for_any_n():
    recipe = replace(SMALL, smear=True)
    whole = files.table_of(2, events.jets_of_shard(recipe, 0, 12))
    batched = files.table_of(2, events.jets_of_shard(recipe, 0, 12, batch=7))
    fewer = files.table_of(2, events.jets_of_shard(recipe, 0, 5, batch=5))
    assert files.checksums(batched) == files.checksums(whole)
    assert files.checksums(fewer) == files.checksums(files.take(whole, slice(5)))


@pytest.mark.slow
def test_jets_are_what_was_ordered(jets):
    momenta = {name: ak.to_numpy(ak.sum(jets.constituents[name], axis=1)) for name in ("px", "py", "pz", "E")}
    pt, eta, _ = direction(momenta["px"], momenta["py"], momenta["pz"])
    assert ((pt > 500) & (pt < 700) & (np.abs(eta) < 2)).all()
    truth = np.abs(ak.to_numpy(jets.truth_id)).reshape(5, 20)
    assert set(truth[0]) <= {1, 2, 3, 4, 5}
    assert [set(row) for row in truth[1:]] == [{21}, {24}, {23}, {6}]
    constituent_pt = np.hypot(jets.constituents.px, jets.constituents.py)
    assert ak.all(constituent_pt[:, 1:] <= constituent_pt[:, :-1])
    assert ak.min(constituent_pt) > 0.1
    assert set(ak.to_numpy(ak.flatten(jets.constituents.charge))) == {-1, 0, 1}
    charged = jets.constituents.charge != 0
    assert ak.all(charged == ((jets.constituents.kind == 1) | (jets.constituents.kind >= 3)))
    assert (ak.to_numpy(jets.weight) > 0).all()
    assert len(set(zip(jets.event.tolist(), jets.jet_rank.tolist(), strict=True))) == 100


@pytest.mark.slow
def test_higgs_jets_can_be_made():
    table = make_table(jobs_of(Recipe("H", seed=5), 10)[0])
    assert set(table["truth_id"]) == {25} and set(table["label"]) == {5}
    assert 100 < np.median(table["mass"]) < 150


# ── Truth ───────────────────────────────────────────────────────────────────────────────────────────────────────


def record(*rows):
    """One event from rows (pdg, status, mother, η, φ)."""
    pdg, status, mother = (np.array(column) for column in list(zip(*rows, strict=True))[:3])
    eta, phi = (np.array([row[k] for row in rows], dtype=float) for k in (3, 4))
    px, py, pz = 10 * np.cos(phi), 10 * np.sin(phi), 10 * np.sinh(eta)
    return events.Particles(np.zeros(len(rows), int), pdg, status, mother, px, py, pz, 10 * np.cosh(eta), 1)


TWO_W = [
    (90, -11, 0, 0, 0),
    (24, -22, 0, 0.0, 0.0),
    (-24, -22, 0, 0.0, 3.0),
    (24, -44, 1, 0.1, 0.0),
    (24, -62, 3, 0.2, 0.0),
    (-24, -62, 2, 0.2, 3.0),
    (1, -23, 5, 0.5, 3.0),
    (-2, -23, 5, 0.0, 3.1),
    (2, -23, 4, 0.4, 0.1),
    (-1, -23, 4, 0.0, -0.1),
]


def test_decay_quarks_belong_to_the_copy_they_come_from():
    eta, phi, ids = events.targets(events.TRUTH["W"], record(*TWO_W))
    assert ids.tolist() == [[24, -24]]
    np.testing.assert_allclose(eta, [[[0.2, 0.4, 0.0], [0.2, 0.5, 0.0]]], atol=1e-12)
    np.testing.assert_allclose(phi, [[[0.0, 0.1, -0.1], [3.0, 3.0, 3.1]]], atol=1e-12)


def test_an_event_that_lost_a_quark_matches_nothing():
    truth = events.TRUTH["W"]
    eta, phi, ids = events.targets(truth, record(*TWO_W[:-1]))
    assert ids.tolist() == [[0, 0]]
    jet = np.array([0.2]), np.array([0.0])
    assert events.match(eta, phi, ids, truth.radius, np.array([0]), *jet).tolist() == [0]


@pytest.mark.parametrize(
    ("jet", "expected"), [((0.2, 0.0), 24), ((0.2, 3.0), -24), ((0.2, -3.2), -24), ((-0.5, 0.0), 0), ((0.2, 1.5), 0)]
)
def test_a_jet_matches_the_boson_whose_quarks_it_holds(jet, expected):
    truth = events.TRUTH["W"]
    found = events.match(*events.targets(truth, record(*TWO_W)), truth.radius, np.array([0]), *np.array(jet)[:, None])
    assert found.tolist() == [expected]


# ── Detector ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["photon", "charged hadron", "neutral hadron", "electron", "muon"])
def test_the_detector_has_the_resolution_it_is_said_to_have(name):
    kind = next(k for k in range(5) if name in CONSTITUENT_BRANCHES[-1].meaning.split(", ")[k])
    a, b, c, angle = events.RESOLUTION[name]
    n, pt, mass = 20_000, 40.0, 0.14
    seen = {"px": np.full(n, pt), "py": np.zeros(n), "pz": np.zeros(n), "kind": np.full(n, kind)}
    seen["E"] = np.hypot(np.full(n, pt), mass)
    measured = events.smear(seen, np.random.default_rng(1))
    got_pt, eta, phi = direction(measured["px"], measured["py"], measured["pz"])
    expected = np.sqrt(a**2 + b**2 / pt + (c * pt) ** 2)
    assert got_pt.mean() == pytest.approx(pt, rel=4 * expected / np.sqrt(n))
    assert got_pt.std() / pt == pytest.approx(expected, rel=0.03)
    assert (eta.std(), phi.std()) == pytest.approx((angle, angle), rel=0.03)
    p2 = measured["px"] ** 2 + measured["py"] ** 2 + measured["pz"] ** 2
    np.testing.assert_allclose(measured["E"] ** 2 - p2, mass**2, atol=1e-6)


def test_the_detector_survives_a_photon_without_energy():
    seen = {name: np.zeros(1) for name in ("px", "py", "pz", "E")} | {"kind": np.zeros(1, int)}
    assert [values.tolist() for values in events.smear(seen, np.random.default_rng(1)).values()] == [[0.0]] * 4


# ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_holds_its_jets_and_how_they_were_made(tmp_path, table, cheap_shards):
    out = tmp_path / "jets.root"
    stored = generate.generate(SMALL, 5, out, workers=1)
    five = files.take(table, slice(5))
    assert files.checksums(files.read(out)) == stored["checksums"] == files.checksums(five)
    assert files.provenance(out) == json.loads(json.dumps(stored))
    assert stored["command"] == "course jets --class W --n 5 --seed 5 --pt-min 500 --pt-max 700"
    assert Recipe.from_dict(stored["recipes"][0]) == SMALL
    assert stored["versions"].keys() >= {"pythia8mc", "fastjet", "uproot", "numpy"}
    assert names_in(tmp_path) == ["jets.root"]


def test_the_tree_has_the_branches_of_the_table(tmp_path, table, cheap_shards):
    generate.generate(SMALL, 4, tmp_path / "jets.root", workers=1)
    with uproot.open(tmp_path / "jets.root") as file:
        assert file.classnames()["jets;1"] == "TTree"
        assert set(file["jets"].keys()) == {branch.name for branch in BRANCHES} | {"n_stored"}
        for branch in BRANCHES:
            interpretation = file["jets"][branch.name].interpretation
            dtype = interpretation.content.to_dtype if branch.shape else interpretation.to_dtype
            assert dtype == np.dtype(branch.dtype)


def test_checksums_do_not_depend_on_how_jets_are_cut_into_pieces(tmp_path, table):
    pieces = [files.take(table, slice(1)), files.take(table, slice(1, 6))]
    assert files.write(tmp_path / "a.root", pieces, {})["checksums"] == files.checksums(table)


def test_checksums_notice_the_last_bit(table):
    changed = {**table, "msd": table["msd"].copy()}
    changed["msd"][3] = np.nextafter(changed["msd"][3], np.float32(0))
    before, after = files.checksums(table), files.checksums(changed)
    assert [name for name in before if before[name] != after[name]] == ["msd"]


def test_an_existing_file_is_replaced_only_by_force(tmp_path, cheap_shards, capsys):
    out = tmp_path / "jets.root"
    out.write_text("precious")
    assert "jets.root exists" in error(capsys, "--class", "W", "--n", 2, "--out", out)
    assert out.read_text() == "precious"
    generate.generate(SMALL, 2, out, workers=1, force=True)
    assert len(files.read(out)["event"]) == 2


def test_shards_are_kept_and_used_when_the_merge_fails(tmp_path, table, cheap_shards, monkeypatch):
    made = []
    make = generate.make_table
    monkeypatch.setattr(generate, "make_table", lambda job: made.append(job.shard) or make(job))
    out = tmp_path / "jets.root"
    out.mkdir()
    with pytest.raises(JetError, match="cannot be written"):
        generate.generate(SMALL, 5, out, workers=1, force=True)
    assert names_in(tmp_path) == ["jets.root", "jets.root.shards"]
    out.rmdir()
    stored = generate.generate(SMALL, 6, out, workers=1)
    assert made == [0, 1, 1]  # the last shard was too short for six jets
    assert stored["checksums"] == files.checksums(table)


def test_shards_of_another_run_are_refused(tmp_path, cheap_shards):
    generate.make_shards(jobs_of(SMALL, 3), tmp_path / "jets.root.shards", workers=1)
    with pytest.raises(JetError, match="holds shards of another run"):
        generate.generate(replace(SMALL, pt_max=600), 3, tmp_path / "jets.root", workers=1)


def test_a_damaged_shard_is_made_again(tmp_path, table, cheap_shards):
    jobs = jobs_of(SMALL, 6)
    folder = generate.make_shards(jobs, tmp_path / "jets.root.shards", workers=1)
    (folder / jobs[1].name).write_bytes((folder / jobs[1].name).read_bytes()[:-500])
    assert generate.generate(SMALL, 6, tmp_path / "jets.root", workers=1)["checksums"] == files.checksums(table)


# ── Many processes, kills ───────────────────────────────────────────────────────────────────────────────────────

RUN = """
import sys
from course_utils.physics.generate import generate
from course_utils.physics.recipe import Recipe
if __name__ == "__main__":
    _, out, n, workers, scheduler = sys.argv
    recipe = Recipe("W", seed=5, jets_per_shard=3)
    generate(recipe, int(n), out, workers=int(workers), scheduler=scheduler or None)
"""


def start(tmp_path, out, n, workers=1, scheduler=""):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    return subprocess.Popen(
        [sys.executable, script, out, str(n), str(workers), scheduler], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.slow
def test_two_workers_make_the_same_jets_as_none(tmp_path, table):
    # Also where another cluster has Dask's usual port.
    with socket.socket() as other:
        with contextlib.suppress(OSError):
            other.bind(("127.0.0.1", 8787))
            other.listen()
        run = start(tmp_path, tmp_path / "jets.root", 6, workers=2)
        out, err = run.communicate(timeout=120)
    assert (run.returncode, out, err) == (0, b"", b"")
    assert files.provenance(tmp_path / "jets.root")["checksums"] == files.checksums(table)


@pytest.mark.slow
def test_a_cluster_makes_the_same_jets(tmp_path, table):
    scheduler_file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    serve = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", scheduler_file]
    scheduler = subprocess.Popen([*dask, "scheduler", *serve], **quiet)
    work = ["--scheduler-file", scheduler_file, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
    work += ["--local-directory", tmp_path]
    worker = subprocess.Popen([*dask, "worker", *work], **quiet)
    try:
        wait_for(lambda: scheduler_file.is_file() and scheduler_file.read_text())
        run = start(tmp_path, tmp_path / "jets.root", 6, scheduler=json.loads(scheduler_file.read_text())["address"])
        out, err = run.communicate(timeout=120)
    finally:
        for process in (worker, scheduler):
            process.terminate()
        for process in (worker, scheduler):
            process.wait(timeout=30)
    assert (run.returncode, out, err) == (0, b"", b"")
    assert files.provenance(tmp_path / "jets.root")["checksums"] == files.checksums(table)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_leaves_whole_files_and_the_same_command_continues(tmp_path, table, workers):
    out, folder = tmp_path / "jets.root", tmp_path / "jets.root.shards"
    run = start(tmp_path, out, 30, workers)
    wait_for(lambda: len(list(folder.glob("*.root"))) >= 2)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    shards = sorted(folder.glob("*.root"))
    assert 2 <= len(shards) < 10 and not out.exists()
    assert all(len(files.read(shard)["event"]) == 3 for shard in shards)

    before = {shard.name: shard.stat().st_mtime_ns for shard in folder.glob("W-00000[01].root")}
    leftover = folder / ".W-000003.root.1.part"
    leftover.write_bytes(b"half a fi")
    jobs = jobs_of(SMALL, 6)
    generate.make_shards(jobs, folder, workers=1)
    assert not leftover.exists() and not list(folder.glob(".dask*"))
    after = {shard.name: shard.stat().st_mtime_ns for shard in folder.glob("W-00000[01].root")}
    assert before.items() <= after.items()
    assert generate.generate(SMALL, 6, out, workers=1)["checksums"] == files.checksums(table)


def test_a_kill_while_the_file_is_merged_leaves_nothing_beside_the_shards(tmp_path, table, cheap_shards, monkeypatch):
    out, folder = tmp_path / "jets.root", tmp_path / "jets.root.shards"
    merging = generate.read_shard

    def seen(job, shards):
        assert [path.suffix for path in folder.glob(".*")] == [".part"]
        assert names_in(tmp_path) == ["jets.root.shards"]
        return merging(job, shards)

    monkeypatch.setattr(generate, "read_shard", seen)
    assert generate.generate(SMALL, 6, out, workers=1)["checksums"] == files.checksums(table)


# ── What can go wrong ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "w"], "Unknown class 'w'. Did you mean W?"),
        (["--class", "top"], "Unknown class 'top'. "),
        (["--class", "W", "--n", "0"], "0 jets are none"),
        (["--class", "W", "--n", "-5"], "-5 jets are none"),
        (["--class", "W", "--pt-min", "700", "--pt-max", "500"], "A window from 700 to 500 GeV holds no jets"),
        (["--class", "W", "--pt-min", "0"], "A window from 0 to 700 GeV"),
        (["--class", "W", "--pt-min", "nan"], "A window from nan to 700 GeV"),
        (["--class", "W", "--workers", "0"], "--workers 0"),
        pytest.param(
            ["--class", "W", "--pt-min", "9000", "--pt-max", "9500"],
            "Pythia finds no W production between 9000 and",
            marks=pytest.mark.slow,
        ),
        (["--class", "W", "--scheduler", "nonsense://1"], "No Dask scheduler at nonsense://1"),
        ([], "Which jets, and where to?"),
    ],
)
def test_a_wrong_order_gets_one_line_and_leaves_nothing(tmp_path, capsys, arguments, message):
    assert message in error(capsys, *arguments, "--out", tmp_path / "jets.root")
    assert names_in(tmp_path) == []


def test_without_out_it_says_what_is_missing(capsys):
    assert "course jets --class W --n 1000 --out jets.root" in error(capsys, "--class", "W")


def test_a_folder_that_is_not_there(tmp_path, capsys):
    assert "nowhere does not exist" in error(capsys, "--class", "W", "--out", tmp_path / "nowhere/jets.root")


@pytest.mark.slow
def test_a_window_without_jets_is_given_up(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(events, "PATIENCE", 100)
    order = ["--class", "t", "--pt-min", "40", "--pt-max", "41", "--n", "5", "--workers", "1"]
    message = error(capsys, *order, "--out", tmp_path / "jets.root")
    assert "collisions gave 0 t jets between 40 and 41 GeV: choose another window" in message
    assert names_in(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_gets_one_line_and_leaves_nothing_half_written(tmp_path, table):
    """A limit on the size of files fails the same call as a full disk, at the same place."""
    out = tmp_path / "out"
    out.mkdir()
    files.write(tmp_path / "whole.root", [table], {})
    code = f"""
import resource, sys
from pathlib import Path
from course_utils.physics import files
table = files.read(Path({str(tmp_path / "whole.root")!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    files.write(Path({str(out / "jets.root")!r}), [table], {{}})
except files.JetError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"{out / 'jets.root'} cannot be written: File too large.")
    assert names_in(out) == []


def test_without_the_extra_one_line_says_what_to_install(capsys, monkeypatch, tmp_path):
    for module in [name for name in sys.modules if name.startswith("course_utils.physics")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("course_utils.physics")
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    message = error(capsys, "--class", "W", "--workers", "1", "--out", tmp_path / "jets.root")
    assert message == "pythia8mc is not installed. In the course folder: pip install -e '.[jets]'\n"


def test_an_interrupt_says_that_it_can_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(job):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "make_table", interrupted)
    assert cli.main(["jets", "--class", "W", "--n", "2", "--workers", "1", "--out", str(tmp_path / "jets.root")]) == 130
    assert "The same command continues" in capsys.readouterr().err


def test_the_progress_bar_is_for_a_terminal_and_vanishes(tmp_path, capsys, cheap_shards, monkeypatch):
    generate.generate(SMALL, 5, tmp_path / "a.root", workers=1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    generate.generate(SMALL, 5, tmp_path / "b.root", workers=1)
    shown = capsys.readouterr().err
    assert "3 of 5 jets" in shown and "5 of 5 jets" in shown
    assert shown.endswith("\r\033[K") and "\n" not in shown


def test_the_split_of_an_event_is_a_function_of_its_number():
    assert np.bincount(split_of(np.arange(10**6))).tolist() == [600_000, 200_000, 200_000]
