"""A roster is taken whole or not at all."""

import os
import pwd
import sqlite3
from pathlib import Path

import pytest

from course_utils.hub import people
from course_utils.hub.classroom import prepare
from course_utils.hub.ngshare import HUB
from course_utils.hub.people import Person, add_students, read_roster
from course_utils.hub.settings import HubError

ROOT = Path(__file__).resolve().parents[2]
HEAD = "id,first_name,last_name,email\n"
ANN = "p2j-test-ann,Ann,Adams,ann@example.org\n"
BOB = 'p2j-test-bob,Bob,"Brown, Jr.",\n'


@pytest.fixture
def roster(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "roster.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_people_are_read(roster, encoding):
    assert read_roster(roster(HEAD + ANN + BOB, encoding), set()) == [
        Person("p2j-test-ann", "Ann", "Adams", "ann@example.org"),
        Person("p2j-test-bob", "Bob", "Brown, Jr.", ""),
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("", ["its first line is empty, expected id,first_name,last_name,email"]),
        ("name,email\n", ["its first line is name,email, expected id,"]),
        (HEAD, ["has no lines below the first"]),
        (HEAD + "Ann,Ann,A,\n", ["line 2: id 'Ann' cannot be a user name"]),
        (HEAD + "../x,Ann,A,\n", ["line 2: id '../x' cannot be a user name"]),
        (HEAD + "-r,Ann,A,\n", ["line 2: id '-r' cannot be a user name"]),
        (HEAD + f"{'a' * 33},Ann,A,\n", ["cannot be a user name"]),
        (HEAD + "root,Ann,A,\n", ["line 2: id 'root' belongs to an account of this machine"]),
        (HEAD + ANN + BOB + ANN, ["line 4: id 'p2j-test-ann' is also in line 2"]),
        (HEAD + "ann,,A,\n", ["line 2: first_name is '', expected a name"]),
        (HEAD + "ann,Ann,A:0:0,\n", ["line 2: last_name is 'A:0:0', expected a name (without a colon)"]),
        (HEAD + "ann,Ann,A,no\n", ["line 2: email is 'no', expected an address"]),
        (HEAD + "ann,Ann,Brown, Jr.,a@b\n", ["line 2: has not 4 columns; a comma in a name needs quotes"]),
        (HEAD + "ann,Ann\n", ["line 2: has not 4 columns"]),
        (
            HEAD + "Ann,,A,\n" + ANN + "bob,Bob,B,no\n",
            ["nobody was added", "line 2: id", "line 2: first", "line 4: em"],
        ),
    ],
)
def test_each_wrong_line_is_told(roster, text, messages):
    with pytest.raises(HubError) as error:
        read_roster(roster(text), taken={"root"})
    for message in messages:
        assert message in str(error.value)


def test_another_encoding_is_told(roster):
    with pytest.raises(HubError, match="save it again as CSV UTF-8"):
        read_roster(roster(HEAD + "ann,Anaïs,A,\n", "latin-1"), set())


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(HubError, match="No such file"):
        read_roster(tmp_path / "none.csv", set())


def test_a_hub_on_kubernetes_knows_people_by_their_address(roster):
    text = HEAD + "ann.adams@example.org,Ann,Adams,\n"
    assert [person.id for person in read_roster(roster(text), set(), HUB)] == ["ann.adams@example.org"]
    with pytest.raises(HubError, match="cannot be a user name: a small letter"):
        read_roster(roster(text), set())
    with pytest.raises(HubError, match="cannot be a user name: as the hub knows them"):
        read_roster(roster(HEAD + "../ann,Ann,Adams,\n"), set(), HUB)


def test_a_copy_of_the_course_makes_no_class(settings):
    settings.course.mkdir(parents=True)
    with pytest.raises(HubError, match="run this in the checkout"):
        prepare(settings, settings.course)
    assert not settings.handout.exists()


def test_an_account_that_cannot_be_removed_keeps_no_other(settings, roster, monkeypatch):
    removed = []

    def remove(user):
        removed.append(user)
        raise HubError(f"The account {user} could not be removed.")

    monkeypatch.setattr(people, "make_account", lambda *_: "secret")
    monkeypatch.setattr(people, "remove_account", remove)
    monkeypatch.setattr(people, "enter", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(HubError):
        add_students(settings, roster(HEAD + ANN + BOB))
    assert set(removed) == {"p2j-test-ann", "p2j-test-bob"}


def in_gradebook(settings):
    with sqlite3.connect(f"file:{settings.course}/gradebook.db?mode=ro", uri=True) as book:
        found = book.execute("select id, first_name, last_name, email from student").fetchall()
    book.close()
    return sorted(found)


@pytest.mark.slow
def test_accounts_are_made_once(settings, roster, no_accounts_left):
    prepare(settings, ROOT)
    passwords = add_students(settings, roster(HEAD + ANN))
    assert list(passwords) == ["p2j-test-ann"]
    home = settings.home("p2j-test-ann")
    assert oct(home.stat().st_mode & 0o777) == "0o700"
    assert home.stat().st_uid == pwd.getpwnam("p2j-test-ann").pw_uid
    again = add_students(settings, roster(HEAD + ANN.replace("Adams", "Ames") + BOB))
    assert list(again) == ["p2j-test-bob"]
    assert again["p2j-test-bob"] != passwords["p2j-test-ann"]
    assert [row[2] for row in in_gradebook(settings)] == ["Ames", "Brown, Jr."]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["account", "gradebook"])
def test_nobody_is_half_added(settings, roster, no_accounts_left, monkeypatch, fault):
    settings.course.mkdir(parents=True)
    if fault == "account":
        settings.home("p2j-test-bob").mkdir(parents=True)  # of somebody who was here before
    else:
        monkeypatch.setattr(people, "enter", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises((HubError, OSError), match=r"p2j-test-bob exists|disk full"):
        add_students(settings, roster(HEAD + ANN + BOB))
    assert not {account.pw_name for account in pwd.getpwall()} & {"p2j-test-ann", "p2j-test-bob"}
    assert not settings.home("p2j-test-ann").exists()
    assert not (settings.course / "gradebook.db").exists()


def test_without_root_it_says_so(settings, roster, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HubError, match="Only root can make accounts"):
        add_students(settings, roster(HEAD + ANN))
