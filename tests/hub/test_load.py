"""A whole class signs in, fetches and submits at the same time."""

import os
from concurrent.futures import ThreadPoolExecutor
from statistics import mean, median

import psutil
import pytest

from tests.hub.classroom import memory, real_class
from tests.hub.student import Student, late, seconds
from tests.hub.test_submit import is_whole

pytestmark = pytest.mark.slow

STUDENTS = 25
DEADLINE = 300  #: seconds
MB = 1_000_000


@pytest.fixture
def one_class(tmp_path):
    with real_class(tmp_path, "load", STUDENTS) as one:
        os.setpriority(os.PRIO_PROCESS, one.hub.pid, 10)  # other tests run beside, and some have a deadline
        yield one


def work(student: Student) -> dict[str, float]:
    """One cycle, and how many seconds each part took; whatever fails is raised."""
    return {
        "sign in until the server is ready": seconds(student.sign_in),
        "fetch": seconds(lambda: student.act("fetch")),
        "submit": seconds(lambda: student.act("submit")),
    }


def test_a_class_hands_in_at_the_same_time(one_class, record_property):
    with ThreadPoolExecutor(STUDENTS) as pool:
        times = list(pool.map(work, one_class.students.values(), timeout=DEADLINE))
        receipts = list(pool.map(Student.receipts, one_class.students.values()))
    assert [len(shown) for shown in receipts] == [1] * STUDENTS
    one_class.collect()
    for user in one_class.students:
        [handed_in] = one_class.handed_in(user)
        assert is_whole(handed_in)
        assert is_whole(one_class.submitted(user))

    hub, proxy = memory([psutil.Process(one_class.hub.pid)]), memory([one_class.proxy()])
    server = mean(memory(one_class.processes(user)) for user in one_class.students)
    assert hub < 300 * MB  # three times what was measured
    assert proxy < 120 * MB
    assert server < 400 * MB
    for part in times[0]:
        each = [cycle[part] for cycle in times]
        figures = f"median {median(each):.1f} s, 95th percentile {late(each):.1f} s"
        record_property(f"hub: {STUDENTS} students at once, {part}", figures)
    record_property(
        "hub: memory of the hub, of its proxy, of an idle student's server",
        ", ".join(f"{size / MB:.0f} MB" for size in (hub, proxy, server)),
    )
