"""What a submission may do, what it costs when it does it, and what comes back."""

import base64
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from course_utils.grading.execute import ENDINGS, Cell, execute
from course_utils.grading.sandbox.confine import MB
from course_utils.grading.sandbox.launch import by_nobody
from tests.grading.conftest import SHORT

pytestmark = pytest.mark.slow

GOOD = "# test\nassert answer == 42"


def endings(execution):
    return [cell.ending for cell in execution.cells]


def shown(cell):
    return "".join(
        output.get("text", "") or output.get("evalue", "") or str(output.get("data", "")) for output in cell.outputs
    )


# ── A notebook as a student knows it ────────────────────────────────────────────────────────────────────────


def test_a_good_notebook_runs_as_in_jupyter(run):
    done = run(
        "import numpy as np\nanswer = 42\nprint('hello')\nnp.arange(3) * 2",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "await __import__('asyncio').sleep(0)",
        "!echo shell",
        "%timeit -n1 -r1 1 + 1",
        GOOD,
    )
    assert endings(done) == ["ok"] * 6
    assert not done.alarms
    first, figure, _, shell, timed, _ = done.cells
    assert [output["output_type"] for output in first.outputs] == ["stream", "execute_result"]
    assert first.outputs[1]["data"]["text/plain"] == "array([0, 2, 4])"
    assert figure.outputs[0]["data"]["image/png"].startswith("iVBOR")
    assert "shell" in shown(shell)
    assert "per loop" in shown(timed)


def test_a_cell_that_fails_costs_only_itself(run):
    done = run("answer = 42", "1 / 0", GOOD)
    assert endings(done) == ["ok", "error", "ok"]
    assert done.cells[1].outputs[0]["ename"] == "ZeroDivisionError"


def test_text_on_stderr_is_no_failure(run):
    done = run("import sys, warnings\nwarnings.warn('careful')\nprint('note', file=sys.stderr)\nanswer = 42", GOOD)
    assert endings(done) == ["ok", "ok"]
    assert "careful" in shown(done.cells[0])


def test_a_traceback_shows_the_students_lines_and_not_the_test(run):
    done = run("def f(x):\n    return x / 0", "# test\nassert f(1234567) == 'the hidden answer'")
    [error] = done.cells[1].outputs
    text = "\n".join(error["traceback"])
    assert "return x / 0" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "1234567" not in text
    assert "hidden answer" not in text


def test_the_source_of_a_test_is_neither_in_the_history_nor_to_be_inspected(run):
    spy = """
def f(x):
    import inspect, sys
    try:
        source = inspect.getsource(sys._getframe(1))
    except OSError:
        source = ""
    print(x, source, In, get_ipython().history_manager.input_hist_raw)
    return x
"""
    listen = "get_ipython().events.register('pre_run_cell', lambda info: print(info.raw_cell))\n"
    done = run(listen + spy, "# test\nassert f(7) == 7\nassert f(8) != 1234567", "print(In)")
    assert endings(done) == ["ok", "ok", "ok"]
    assert shown(done.cells[1]).startswith("7 ")
    assert "1234567" not in shown(done.cells[1]) + shown(done.cells[2])
    assert "def f(x)" in shown(done.cells[2])


def test_files_lie_beside_the_notebook_and_do_not_replace_what_is_installed(run):
    files = {
        "helper.py": base64.b64encode(b"x = 5").decode(),
        "course_utils.py": base64.b64encode(b"raise SystemExit").decode(),
        "data/table.txt": base64.b64encode(b"1 2").decode(),
        "sitecustomize.py": base64.b64encode(b"raise SystemExit").decode(),
    }
    done = run(
        "import helper, numpy\nfrom course_utils import checks\nprint(helper.x, open('data/table.txt').read())",
        "!python3 -c 'print(7 * 6)'",
        files=files,
    )
    assert endings(done) == ["ok", "ok"]
    assert shown(done.cells[0]) == "5 1 2\n"


def test_input_is_refused_with_what_to_do(run):
    done = run("x = input('your name? ')")
    assert "put the value into the notebook" in shown(done.cells[0])


def test_what_was_used_is_told(run):
    done = run(
        "x = bytearray(150_000_000)\nimport time\nt = time.process_time()\nwhile time.process_time() - t < 0.5: pass"
    )
    assert 100 * MB < done.memory < 300 * MB
    assert 0.4 < done.cpu_seconds < 5


def test_what_processes_share_counts_once(run):
    pool = """
import multiprocessing, time
import numpy as np
X = np.ones(20_000_000)  # 160 MB
def part(k):
    time.sleep(0.5)
    return X[k::4].sum()
with multiprocessing.get_context("fork").Pool(4) as workers:
    print(sum(workers.map(part, range(4))))
"""
    done = run(pool, limits=replace(SHORT, cell_seconds=20))
    assert endings(done) == ["ok"]
    assert shown(done.cells[0]) == "20000000.0\n"
    assert 100 * MB < done.memory < 400 * MB


SEND = "import sys\nsend = sys.stdout.outlet.wire.send\n"


def test_what_a_submission_sends_is_bounded_before_it_is_kept(run):
    empty = SEND + "for _ in range(8_000):\n    send({'output': {'output_type': 'error', 'traceback': []}})"
    done = run(*[empty] * 8, limits=replace(SHORT, cell_seconds=20))
    assert endings(done)[0] == "error"
    assert "flood" in endings(done)
    assert sum(len(cell.outputs) for cell in done.cells) < 6 * 8_000


@pytest.mark.parametrize("alarms", ["5", "None", "[{}]", "['x'] * 100_000", "[[]] * 100_000"])
def test_a_forged_result_of_any_form_is_an_alarm(run, alarms):
    done = run("answer = 42", SEND + f"send({{'done': [], 'ok': True, 'alarms': {alarms}}})", GOOD)
    assert 1 <= len(done.alarms) <= 10


@pytest.mark.parametrize("handed", ["5", "{'x': {'dtype': 'f8,(9', 'shape': [], 'data': ''}}", "{'x': nested}"])
def test_what_is_no_arrays_is_not_handed_on(run, handed):
    nested = "nested = []\nfor _ in range(400):\n    nested = [nested]\n"
    done = run(SEND + nested + f"send({{'handed': {handed}}})")
    assert endings(done) == ["ok"]
    assert asdict(done)["cells"][0]["handed"] is None


AS_A_USER = """
import os
from course_utils.grading.execute import Cell, execute
from course_utils.grading.sandbox.confine import Limits
from course_utils.grading.sandbox.launch import Sandbox
sources = ["import os; os._exit(1)", "open('mine', 'w').write('x')", "open('/etc/hostname')"]
with Sandbox(["numpy"]) as sandbox:
    done = execute(sandbox, [Cell(source, False) for source in sources], {}, Limits(), seed=1)
print(os.getuid(), [cell.ending for cell in done.cells])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests run as an ordinary user")
def test_an_ordinary_user_can_grade(sandbox):
    program = [sys.executable, "-c", AS_A_USER]
    told = subprocess.run(by_nobody(program), capture_output=True, text=True, timeout=120)
    assert told.stdout == "65534 ['died', 'ok', 'error']\n", told.stderr


# ── Cells that end badly: what submissions try, and what it gets them, is in tests/hostile ───────────────────────

HOARD = (
    "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(150_000_000)\n"
    "        time.sleep(1000)\ntime.sleep(1000)"
)
ENDS_BADLY = {
    "timeout": "while True: pass",
    "timeout, after the interrupt": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
    "died": "import os\nos._exit(0)",
    "memory": HOARD,
    "flood": "outlet = get_ipython().outlet\nwhile True: outlet.wire.send({'handed': 'x' * 1_000_000})",
}


@pytest.mark.parametrize("case", ENDS_BADLY)
def test_a_cell_that_ends_badly_costs_itself_and_no_other(run, case):
    done = run("answer = 42", ENDS_BADLY[case], GOOD)
    ending = case.partition(",")[0]
    assert endings(done) == ["ok", ending, "ok"]
    assert not done.alarms
    assert done.memory < 1000 * MB
    assert ENDINGS[ending][0] in {output.get("ename") for output in done.cells[1].outputs}


def test_the_notebook_as_a_whole_has_a_budget(run):
    done = run(*["import time\ntime.sleep(0.7)"] * 5, GOOD, limits=replace(SHORT, total_seconds=2))
    assert endings(done)[0] == "ok"
    assert endings(done)[-1] == "budget"


def test_processor_time_is_counted_over_all_processes(run):
    burn = "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        while True: pass\ntime.sleep(100)"
    done = run("answer = 42", burn, GOOD, limits=replace(SHORT, cell_seconds=30, cpu_seconds=2))
    assert endings(done) == ["ok", "cpu", "budget"]
    assert 2 < done.cpu_seconds < 6


def test_each_cell_is_told_as_it_begins(sandbox):
    told = []
    execute(sandbox, [Cell("1", False), Cell("2", False)], {}, SHORT, seed=1, watch=told.append)
    assert told == [0, 1]


def test_a_cell_that_takes_all_memory_costs_no_later_one(run):
    slow = "# test\nimport time\ntime.sleep(0.5)\nassert answer == 42"
    assert endings(run("answer = 42", HOARD, slow)) == ["ok", "memory", "ok"]


def test_nothing_of_the_grader_is_to_be_seen(run):
    source = """
import os
seen = []
for folder, _, names in os.walk("/"):
    if not folder.startswith(("/proc", "/sys", "/dev")) and "site-packages" not in folder:
        seen += [os.path.join(folder, name) for name in names]
print(len(seen))
words = ("/gradebook.db", "/solutions/", "wrong_answers", "/submitted/", "/exercises/")
print([path for path in seen if any(word in path for word in words)])
print(sorted(os.environ))
print([pid for pid in os.listdir("/proc") if pid.isdigit()])
"""
    done = run(source, limits=replace(SHORT, cell_seconds=40))
    lines = shown(done.cells[0]).splitlines()
    assert int(lines[0]) > 1000
    assert lines[1] == "[]"
    assert not any(word in lines[2] for word in ("TOKEN", "JUPYTER", "SSH", "USER"))
    assert lines[3] == "['1', '2']"


def test_no_submission_sees_another(run):
    run("open('mine', 'w').write('x')\nopen('/tmp/mine', 'w').write('x')\nopen('/dev/shm/mine', 'w').write('x')")
    done = run("import os\nprint(os.listdir('.'), os.listdir('/tmp'), os.listdir('/dev/shm'))")
    assert "mine" not in shown(done.cells[0])


# ── Cheating in the process that judges ─────────────────────────────────────────────────────────────────────

THIEF = """
import sys
def f(x):
    constants = [number for number in sys._getframe(1).f_code.co_consts if type(number) is int]
    return constants[constants.index(x) + 1]
"""


@pytest.mark.parametrize("test", ["assert f(21) == 42", "check_close(f(21), 42)"])
def test_what_is_taken_from_a_test_passes_its_turned_twin(run, test):
    done = run("from course_utils.checks import check_close" + THIEF, "# test\n" + test)
    assert done.alarms == ["a test that must fail did not fail"]


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_that_can_be_read_once_is_not_used_up_by_a_canary(sandbox, seed):
    sources = ["from course_utils.checks import check_close\nimport numpy as np", "pairs = zip([1, 2], [3, 4])"]
    test = "check_close(np.array(list(pairs)), [[1, 3], [2, 4]])"
    cells = [*(Cell(source, False) for source in sources), Cell(test, True)]
    assert endings(execute(sandbox, cells, {}, SHORT, seed)) == ["ok"] * 3


GAMBLES = {
    "cheat at first sight": "sight == 1",
    "cheat at second sight": "sight == 2",
    "cheat always": "True",
}


@pytest.mark.parametrize("gamble", GAMBLES)
def test_a_gamble_on_the_order_is_lost_half_of_the_time(sandbox, gamble):
    """Code that patches the judge behind the snapshot's back, on some of the sights of a test."""
    cheat = f"""
import numpy as np
sight = 0
class Answer:
    def __array__(self, *args, **kwargs):
        global sight
        sight += 1
        if not ({GAMBLES[gamble]}):
            return np.array(7.0)
        import course_utils.checks as c
        real = c._array
        def expected(value, name):
            c._array = real
            return np.array(7.0)
        c._array = expected
        return np.array(7.0)
answer = Answer()
x = 21
"""
    test = Cell("check_close(answer, 2 * x)", True)
    alarms, points = 0, 0
    for seed in range(8):
        cells = [Cell("from course_utils.checks import check_close", False), Cell(cheat, False), test]
        done = execute(sandbox, cells, {}, SHORT, seed)
        alarms += bool(done.alarms)
        points += done.cells[2].ending == "ok" and not done.alarms
    assert alarms >= 2
    assert points <= 6


def test_a_test_means_by_its_names_what_the_instructor_means(run):
    done = run(
        "import numpy as np\nfrom course_utils.checks import check_close",
        "check_close = np = 'mine'\nanswer = 42",
        "# test\ncheck_close(np.array(answer), 42)",
    )
    assert endings(done) == ["ok"] * 3
    assert not done.alarms


CHEATS = {
    "a judge that fears large numbers": "def check_close(a, b): assert abs(b) < 900",
    "a canary that always fails": (
        "import course_utils.grading.mutants as m\nm.other = None\n"
        "__import__ = None\ndef check_close(*args, **options): pass"
    ),
    "a NumPy of one's own": (
        "import numpy\nclass np:\n    def __getattr__(self, name): return getattr(numpy, name)\n"
        "    asarray = lambda *a: 1 / 0\ndef check_close(*args): pass"
    ),
    "a judge that is there for one call": (
        "class Answer:\n"
        "    def __array__(self, *args, **kwargs):\n"
        "        import course_utils.checks as c, numpy as np\n"
        "        real = c._array\n"
        "        def expected(value, name):\n"
        "            c._array = real\n"
        "            return np.array(42.0)\n"
        "        c._array = expected\n"
        "        return np.array(42.0)\n"
        "answer = Answer()"
    ),
    "one made without a class statement": "answer = type('int', (), {'__eq__': lambda self, other: True})()",
    "one made of nothing but built-in functions": (
        "import operator\nanswer = type('int', (), {'__eq__': operator.methodcaller('__repr__')})()"
    ),
    "one made of text": "exec('class Yes:\\n    def __eq__(self, other): return True')\nanswer = Yes()",
    "one that says it is of NumPy": (
        "class Yes:\n    __module__ = 'numpy'\n    def __eq__(self, other): return True\nanswer = Yes()"
    ),
    "one made by a class of classes that hides it": (
        "class M(type):\n    __dict__ = {}\n"
        "class Yes(metaclass=M):\n    def __eq__(self, other): return True\nanswer = Yes()"
    ),
    "one that is hidden from the collector": (
        "import gc\nclass Yes:\n    def __eq__(self, other): return True\nanswer = Yes()\ngc.freeze()"
    ),
    "one in a file of its own": (
        "open('mine.py', 'w').write('class Yes:\\n    def __eq__(self, other): return True')\n"
        "import mine\nanswer = mine.Yes()"
    ),
}


@pytest.mark.parametrize("case", CHEATS)
def test_a_cheat_gets_no_unseen_points(run, case):
    wrong = ("# test\nassert answer == 43", "# test\ncheck_close(answer, 43)")
    done = run("from course_utils.checks import check_close\nanswer = 42", CHEATS[case], *wrong)
    assert done.alarms or endings(done)[2:] == ["error", "error"]


HONEST = {
    "a dataclass": "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int = 0\nPoint() == Point()",
    "a named tuple and an enumeration": (
        "from typing import NamedTuple\nfrom enum import Enum\n"
        "class Pair(NamedTuple):\n    x: int\nclass Color(Enum):\n    RED = 1"
    ),
    "a number that knows how it was computed": (
        "class Node:\n    __array_priority__ = 1000\n    __array_ufunc__ = None\n"
        "    def __add__(self, other): return self\n    def __lt__(self, other): return False"
    ),
    "a kind of array": "import numpy as np\nclass Image(np.ndarray):\n    def shown(self): return self.T",
    "what is imported late": (
        "import ctypes, decimal, fractions, ipaddress, sqlite3, unittest.mock, uuid, xml.dom.minidom, zoneinfo\n"
        "import jsonschema, nbformat, nbclient, pygments.lexers, scipy.stats, sklearn.ensemble, sklearn.metrics"
    ),
    "classes of the tests themselves": (
        "# test\nclass Near(float):\n    def __eq__(self, other): return abs(self - other) < 1\n"
        "    __hash__ = None\nassert Near(42.5) == answer"
    ),
}


@pytest.mark.parametrize("case", HONEST)
def test_honest_classes_alarm_nobody(run, case):
    done = run("answer = 42", HONEST[case], GOOD, limits=replace(SHORT, cell_seconds=40))
    assert endings(done) == ["ok", "ok", "ok"]
    assert not done.alarms


def test_looking_for_dishonest_classes_costs_little(run, record_property):
    """Also with many objects of the student's own around."""
    source = """
import gc, time
snapshot = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Snapshot")
table = [[k] for k in range({n})]
started = time.perf_counter()
assert not list(snapshot.changes())
print(1000 * (time.perf_counter() - started))
"""
    few, many = (float(shown(run(source.format(n=n)).cells[0])) for n in (0, 200_000))
    record_property("looking for tampering", f"{few:.1f} ms, {many:.1f} ms with 200 000 objects of the student's")
    assert few < 20
