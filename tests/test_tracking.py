"""The tracker: what is kept, what survives, and what it says when something is wrong."""

import json
import math
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils import tracking
from course_utils.nn.layers import Network
from course_utils.nn.training import fit
from course_utils.tracking import Tracker, TrackingWarning

X = np.random.default_rng(0).normal(size=(60, 2))
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture
def tracker(tmp_path):
    return Tracker(tmp_path / "runs.jsonl")


def add(tracker, lr, loss, **settings):
    with tracker.run({"lr": lr, **settings}, seed=0) as run:
        run.history = {"val_loss": [2.0, loss]}


def train(epochs=3):
    network = Network([2, 4, 2], np.random.default_rng(0))
    return fit(network, X, Y, rng=np.random.default_rng(1), epochs=epochs, validation=(X, Y))


# ── What is kept ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_comes_back_as_it_was(tracker):
    history = train()
    setting = {"lr": np.float32(0.5), "hidden": (16, 8), "seed_of": None, "path": Path("a/b"), "w": np.arange(3)}
    with tracker.run(setting, seed=np.int64(7)) as run:
        run.history = history
        run.metrics = {"accuracy": np.float32(0.75), "worst": np.inf, "undefined": np.nan, "jets": 5}
    [back] = tracker.runs()
    assert back.settings == {"lr": 0.5, "hidden": [16, 8], "seed_of": None, "path": "a/b", "w": [0, 1, 2]}
    assert (back.seed, back.state, back.number) == (7, "done", 1)
    assert back.history == {
        name: getattr(history, name) for name in ("loss", "accuracy", "val_loss", "val_accuracy", "seconds")
    }
    assert back.metrics["accuracy"] == 0.75
    assert back.metrics["worst"] == math.inf
    assert math.isnan(back.metrics["undefined"])
    assert back.versions["numpy"] == np.__version__
    assert {"python", "course-utils"} <= set(back.versions)
    assert 0 <= back.seconds < 60
    assert back.started.endswith("+00:00")


def test_every_line_is_strict_json(tracker):
    with tracker.run({"lr": float("inf")}) as run:
        run.metrics["loss"] = float("nan")

    def refuse(name):
        raise AssertionError(name)

    [line] = tracker.path.read_text().splitlines()
    assert json.loads(line, parse_constant=refuse)["settings"] == {"lr": "inf"}


def test_the_settings_are_those_at_the_start(tracker):
    setting = {"layers": [16, 8]}
    with tracker.run(setting):
        setting["layers"].append(99)
    assert tracker.runs()[0].settings == {"layers": [16, 8]}


@pytest.mark.slow
def test_frameworks_are_listed_once_they_are_imported():
    code = "from course_utils.tracking import versions; a = versions(); import sklearn; print(set(versions()) - set(a))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "{'scikit-learn'}"


def test_it_imports_nothing_heavy():
    code = "import sys, course_utils.tracking; print({'matplotlib', 'pandas', 'scipy', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


# ── What survives ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_run_that_fails_is_kept_and_the_error_goes_on(tracker, error):
    with pytest.raises(error), tracker.run({"lr": 1.0}) as run:
        run.history = {"val_loss": [3.0]}
        raise error
    [back] = tracker.runs()
    assert (back.state, back.history) == (error.__name__, {"val_loss": [3.0]})


def test_a_failing_record_does_not_hide_the_error_of_the_training(tracker):
    with pytest.raises(ZeroDivisionError) as caught, tracker.run({}) as run:
        run.metrics["loss"] = "low"
        raise ZeroDivisionError
    [note] = caught.value.__notes__
    assert note == "Nor could the run be recorded: metrics['loss'] must be a number, not str"


@pytest.mark.parametrize("cut", [1, 40, -2])
def test_a_line_cut_short_loses_only_itself(tracker, cut):
    add(tracker, 0.1, 1.0)
    add(tracker, 0.2, 0.9)
    first, second, _ = tracker.path.read_bytes().split(b"\n")
    tracker.path.write_bytes(first + b"\n" + second[:cut])
    add(tracker, 0.3, 0.8)
    with pytest.warns(TrackingWarning, match=r"runs\.jsonl: line 2 cannot be read.*others? runs are whole"):
        runs = tracker.runs()
    assert [run.settings["lr"] for run in runs] == [0.1, 0.3]
    add(tracker, 0.4, 0.7)
    with pytest.warns(TrackingWarning):
        assert [run.settings["lr"] for run in tracker.runs()] == [0.1, 0.3, 0.4]


@pytest.mark.parametrize(
    "line", [b"{}", b"[]", b"3", b"null", b"\xff\xfe", b'{"settings": 3, "history": {}, "metrics": {}}', b"\x00" * 9]
)
def test_a_line_that_is_no_run_is_reported_and_passed_over(tracker, line):
    add(tracker, 0.1, 1.0)
    tracker.path.write_bytes(line + b"\n" + tracker.path.read_bytes())
    with pytest.warns(TrackingWarning, match="line 1"):
        assert len(tracker.runs()) == 1


def test_an_empty_file_and_none_hold_no_runs(tracker):
    assert tracker.runs() == []
    tracker.path.touch()
    assert tracker.runs() == []
    assert str(tracker.table()) == "run"


def write_many(path, lr):
    tracker = Tracker(path)
    for _ in range(40):
        with tracker.run({"lr": lr}) as run:
            run.history = {"val_loss": [lr] * 2000}  # more than a pipe or a page takes at once


@pytest.mark.slow
def test_processes_may_write_at_the_same_time(tracker):
    start = multiprocessing.get_context("spawn").Process
    writers = [start(target=write_many, args=(tracker.path, float(lr))) for lr in (1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs = tracker.runs()
    assert sorted(run.settings["lr"] for run in runs) == [1.0] * 40 + [2.0] * 40 + [3.0] * 40
    assert all(run.history["val_loss"] == [run.settings["lr"]] * 2000 for run in runs)


WRITER = """
    import sys
    from course_utils.tracking import Tracker
    tracker = Tracker(sys.argv[1])
    print("ready", flush=True)
    while True:
        with tracker.run({"lr": 0.1}) as run:
            run.history = {"val_loss": [0.5] * 5000}
"""


def is_whole(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


@pytest.mark.slow
def test_a_killed_writer_leaves_a_file_that_goes_on(tracker):
    kills = 5
    for _ in range(kills):
        command = [sys.executable, "-c", textwrap.dedent(WRITER), tracker.path]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(0.05)
            os.kill(writer.pid, signal.SIGKILL)
        add(tracker, 0.2, 1.0)
    lines = [line for line in tracker.path.read_bytes().split(b"\n") if line]
    whole = sum(map(is_whole, lines))
    assert len(lines) - whole <= kills
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runs = tracker.runs()
    assert len(runs) == whole
    assert [run.settings["lr"] for run in runs].count(0.2) == kills
    assert len(runs) > kills


def test_a_full_disk_leaves_the_file_as_it_was_and_is_an_error(tmp_path):
    code = """
        import resource, signal, sys
        from course_utils.tracking import Tracker
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        tracker = Tracker(sys.argv[1])
        with tracker.run({"lr": 0.1}): pass
        before = tracker.path.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, resource.RLIM_INFINITY))
        try:
            with tracker.run({"lr": 0.2}): pass
        except OSError as error:
            print("refused", tracker.path.read_bytes() == before)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "runs.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["refused", "True"], done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20


# ── What is shown ───────────────────────────────────────────────────────────────────────────────────────────


def test_losses_are_sorted_from_the_smallest_and_accuracies_from_the_largest(tracker):
    for lr, loss in [(0.1, 0.9), (0.2, float("nan")), (0.3, 0.5), (0.4, 0.7)]:
        with tracker.run({"lr": lr}) as run:
            run.metrics = {"val_loss": loss, "accuracy": 1 - loss}
    assert [row[0] for row in tracker.table(sort="val_loss").rows] == ["3", "4", "1", "2"]
    assert [row[0] for row in tracker.table(sort="accuracy").rows] == ["3", "4", "1", "2"]
    assert [row[0] for row in tracker.table(sort="val_loss", largest_first=True).rows] == ["1", "4", "3", "2"]
    assert [row[0] for row in tracker.table(sort="lr", top=1).rows] == ["4"]


def test_the_table_tells_the_differences_and_what_is_the_same(tracker):
    add(tracker, 0.1, 0.9, batch=64)
    add(tracker, 0.2, 0.8, batch=64)
    table = tracker.table(sort="val_loss")
    assert table.columns == ["run", "lr", "val_loss", "state"]
    assert table.rows == [["2", "0.2", "0.8", "done"], ["1", "0.1", "0.9", "done"]]
    assert table.note == "same in all: batch 64, seed 0"
    assert tracker.table("batch", "val_loss").columns == ["run", "batch", "val_loss"]


def test_settings_cannot_write_markup(tracker):
    add(tracker, "<script>alert(1)</script>", 0.5)
    add(tracker, "<b>", 0.5, note="<i>")
    page = tracker.table()._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<td ") == 2 * len(tracker.table().columns)


def test_curves_are_drawn_with_a_second_cue(tracker):
    add(tracker, 0.1, 0.9)
    add(tracker, 0.2, 0.8)
    fig, ax = plt.subplots()
    tracker.plot(ax, "val_loss", label="lr")
    assert [line.get_ydata().tolist() for line in ax.lines] == [[2.0, 0.9], [2.0, 0.8]]
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2]] * 2
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["lr = 0.1", "lr = 0.2"]
    plt.close(fig)


# ── What it says ────────────────────────────────────────────────────────────────────────────────────────────


def test_errors_say_what_to_do(tracker, tmp_path):
    with pytest.raises(FileNotFoundError, match="make it first"):
        Tracker(tmp_path / "nowhere" / "runs.jsonl")
    with pytest.raises(IsADirectoryError, match=r"name a file in it, as in .*runs\.jsonl"):
        Tracker(tmp_path)
    with (
        pytest.raises(TypeError, match=r"settings\['model'\] is a Network: .*Write down what it was made from"),
        tracker.run({"model": Network([2, 2], np.random.default_rng(0))}),
    ):
        pass
    with pytest.raises(ValueError, match="every run has 'seed' already"), tracker.run({"seed": 1}):
        pass
    with pytest.raises(TypeError, match=r"metrics\['loss'\] must be a number, not str"), tracker.run({}) as run:
        run.metrics["loss"] = "low"
    with pytest.raises(TypeError, match="history must be a History or a dict"), tracker.run({}) as run:
        run.history = [1.0]


def test_a_name_typed_wrong_gets_a_suggestion(tracker):
    add(tracker, 0.1, 0.9)
    with pytest.raises(ValueError, match=r"Unknown column 'val_los'. Did you mean val_loss?"):
        tracker.table(sort="val_los")
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"Unknown history 'valloss'. Did you mean val_loss?"):
        tracker.plot(ax, "valloss")
    with pytest.raises(ValueError, match="there is no run 5"):
        tracker.plot(ax, numbers=[5])
    plt.close("all")


def test_a_refused_run_leaves_no_line(tracker):
    with pytest.raises(TypeError), tracker.run({"f": len}):
        pass
    assert not tracker.path.exists()


def test_without_locks_it_still_writes(tracker, monkeypatch):
    monkeypatch.setattr(tracking, "fcntl", None)
    add(tracker, 0.1, 0.9)
    assert len(tracker.runs()) == 1
