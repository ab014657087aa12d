import grp
import os
import pwd

import pytest

from course_utils.hub import people
from course_utils.hub.settings import Settings


def current_user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def settings(tmp_path):
    """A class in an empty folder, whose instructor is who runs the tests."""
    return Settings(tmp_path / "class", tmp_path / "homes", instructor=current_user(), group="p2j-test-students")


@pytest.fixture
def no_accounts_left():
    """Remove the accounts that a test makes: all in this class's group."""
    if os.geteuid() != 0:
        pytest.skip("only root can make accounts")
    yield
    for account in pwd.getpwall():
        if account.pw_name.startswith("p2j-test-"):
            people.remove_account(account.pw_name)
    if "p2j-test-students" in {group.gr_name for group in grp.getgrall()}:
        people.remove_group("p2j-test-students")
