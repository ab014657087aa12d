"""`course` finds its commands, helps with a wrong one, and tells by its exit code how a command went."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import course_utils
from course_utils import cli
from course_utils.data import store


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("course")
    run = subprocess.run([command, "--version"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, f"course {course_utils.__version__}\n")


def test_help_lists_every_command_and_each_has_its_own(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["--help"])
    listed = capsys.readouterr().out
    for name in ("doctor", "data", "leaderboard"):
        assert re.search(rf"^    {name}\s", listed, re.MULTILINE)
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.main([name, "--help"])
        assert capsys.readouterr().out.startswith(f"usage: course {name} ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["docter"], "Unknown command 'docter'. Did you mean doctor?"),
        (["DATA", "--json"], "Unknown command 'DATA'. Did you mean data?"),
        (["zzz"], "Unknown command 'zzz'. Choose from: "),
        ([], "required: command"),
    ],
)
def test_a_wrong_command_gets_help(capsys, argv, message):
    with pytest.raises(SystemExit, match=r"^2$"):
        cli.main(argv)
    assert message in capsys.readouterr().err


def test_the_exit_code_and_the_options_reach_doctor(monkeypatch):
    from course_utils import doctor

    called = []
    monkeypatch.setattr(doctor, "main", lambda as_json: called.append(as_json) or 7)
    assert [cli.main(["doctor"]), cli.main(["doctor", "--json"])] == [7, 7]
    assert called == [False, True]


def test_data_lists_the_files(capsys):
    assert cli.main(["data"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(store.shipped_files())
    train = next(line for line in lines if "train-images" in line)
    for fact in ("mnist/train-images-idx3-ubyte.xz", "7,819,804 bytes", " ok ", "CC BY-SA 3.0", "LeCun"):
        assert fact in train


@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_data_fails_on_a_bad_file_and_tells_the_remedy(tmp_path, monkeypatch, capsys, state):
    files = shutil.copytree(store.FILES, tmp_path / "files")
    monkeypatch.setattr(store, "FILES", files)
    labels = files / "mnist/t10k-labels-idx1-ubyte.xz"
    labels.unlink() if state == "missing" else labels.write_bytes(b"?")
    assert cli.main(["data"]) == 1
    out, err = capsys.readouterr()
    assert [state in line for line in out.splitlines()] == ["t10k-labels" in line for line in out.splitlines()]
    assert err.startswith(f"The data file {labels} is {state}. To repair it: ") and err.count("\n") == 1


def test_data_fails_without_a_list_of_checksums(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(store, "FILES", tmp_path / "nowhere" / "data" / "files")
    assert cli.main(["data"]) == 1
    assert "SHA256SUMS is missing. To repair it: " in capsys.readouterr().err


def test_the_options_and_the_exit_code_reach_the_leaderboard(monkeypatch):
    from course_utils import challenge

    called = []
    monkeypatch.setattr(challenge, "main", lambda *given: called.append(given) or 5)
    assert cli.main(["leaderboard", "numpy_mnist"]) == 5
    assert cli.main(["leaderboard", "numpy_mnist", "--submitted", "collected", "--out", "board.csv"]) == 5
    assert called == [("numpy_mnist", "submitted", "leaderboard.csv"), ("numpy_mnist", "collected", "board.csv")]


def test_a_leaderboard_without_entries_or_of_another_assignment_tells_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["leaderboard", "numpy_mnst"]) == 1
    assert capsys.readouterr().err == "Unknown challenge 'numpy_mnst'. Did you mean numpy_mnist?\n"
    assert cli.main(["leaderboard", "numpy_mnist"]) == 1
    assert (
        capsys.readouterr().err
        == "submitted: No such file or directory. Name the folders with --submitted and --out.\n"
    )
    assert list(tmp_path.iterdir()) == []
