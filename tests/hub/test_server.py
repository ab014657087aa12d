"""What a student's server lays out, and what settings may say."""

import os
import re
import tomllib
from dataclasses import fields

import pytest

from course_utils.hub import server
from course_utils.hub.server import GIVEN, give
from course_utils.hub.settings import HubError, Settings, load


def test_what_a_student_has_changed_is_never_touched(tmp_path):
    handout, mine = tmp_path / "handout", tmp_path / "mine"
    (handout / "chapters").mkdir(parents=True)
    mine.mkdir()
    for name in ("README.md", "chapters/one.ipynb", "chapters/two.ipynb", "chapters/three.ipynb"):
        (handout / name).write_text("first")
    (mine / "chapters").mkdir()
    (mine / "chapters/three.ipynb").write_text("their own, from before")
    give(handout, mine)
    assert (mine / "chapters/one.ipynb").read_text() == "first"
    (mine / "chapters/one.ipynb").write_text("with my notes")
    (mine / "README.md").unlink()
    for name in ("README.md", "chapters/one.ipynb", "chapters/two.ipynb", "chapters/three.ipynb"):
        (handout / name).write_text("second")
    give(handout, mine)
    read = {path.name: path.read_text() for path in mine.rglob("*") if path.is_file() and path.name[0] != "."}
    assert read == {
        "README.md": "second",
        "one.ipynb": "with my notes",
        "two.ipynb": "second",
        "three.ipynb": "their own, from before",
    }
    (handout / "chapters/two.ipynb").write_text("third")
    give(handout, mine)
    assert (mine / "chapters/two.ipynb").read_text() == "third"


@pytest.mark.parametrize("note", ["", '{"README.md": "a', "[]"])
def test_a_spoiled_note_of_what_was_given_keeps_nobody_out(tmp_path, note):
    handout, mine = tmp_path / "handout", tmp_path / "mine"
    handout.mkdir()
    (handout / "README.md").write_text("first")
    (handout / "new.md").write_text("first")
    give(handout, mine)
    (mine / GIVEN).write_text(note)
    (mine / "README.md").write_text("with my notes")
    give(handout, mine)
    assert (mine / "README.md").read_text() == "with my notes"
    (handout / "new.md").write_text("second")
    give(handout, mine)
    assert (mine / "new.md").read_text() == "second"


def test_a_folder_with_the_name_of_a_file_is_theirs(tmp_path):
    handout, mine = tmp_path / "handout", tmp_path / "mine"
    handout.mkdir()
    for name in ("README.md", "other.md"):
        (handout / name).write_text("first")
    (mine / "README.md").mkdir(parents=True)
    give(handout, mine)
    assert (mine / "README.md").is_dir()
    assert (mine / "other.md").read_text() == "first"


def test_a_full_disk_keeps_nobody_out(tmp_path, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(os, "execv", lambda *command: started.append(command))
    monkeypatch.setattr(server, "give", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COURSE_FOLDER", "course")
    monkeypatch.setenv("COURSE_HANDOUT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    server.main()
    assert len(started) == 1
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("folder = 1", "folder is 1, expected a text"),
        ('folder = "class"\nhomes = "/home"', "folder is 'class', expected an absolute path"),
        ('folder = "/srv/c"', "homes is None, expected an absolute path"),
        ('folder = "/c"\nhomes = "/h"\nmemory = 3', "Unknown setting 'memory'. Did you mean memory_gb?"),
        ('folder = "/c"\nhomes = "/h"\nmemory_gb = 0', "memory_gb is 0, expected a number above 0"),
        ('folder = "/c"\nhomes = "/h"\ncpus = "two"', "cpus is 'two', expected a number"),
        ('folder = "/c"\nhomes = "/h"\nsign_in = "pum"', "Unknown sign_in 'pum'. Did you mean pam?"),
        ("folder =", "Invalid value"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path, text, message):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(HubError) as error:
        load(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_it_must_be_said_which_class(monkeypatch):
    monkeypatch.delenv("COURSE_HUB_SETTINGS", raising=False)
    with pytest.raises(HubError, match=r"Which class\? Say where its settings are: COURSE_HUB_SETTINGS="):
        load()


def test_the_settings_to_start_from_are_the_defaults(pytestconfig, tmp_path):
    shown = (pytestconfig.rootpath / "hub/settings.toml").read_text()
    path = tmp_path / "settings.toml"
    path.write_text(re.sub(r"^# (?=\w+ = )", "", shown, flags=re.MULTILINE))
    settings = load(path)
    assert settings == Settings(settings.folder, settings.homes)
    assert set(tomllib.loads(path.read_text())) == {field.name for field in fields(Settings)}
