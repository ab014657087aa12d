"""What submissions try, and what each must get: one table, in chapters.

A case hands in one submission. Three forms are frequent, and each says what is fair:

`does`    The answers are right, and before the last of them runs code that should do no harm. It costs nothing
          (3 points) if it is let through, and the answer below it (2 points) if it is stopped.
`cheats`  The answers are wrong, and before them runs code that is to make them count. That earns nothing, or calls
          a person.
`brings`  The answers are right; the notebook, or what lies beside it, is odd.

`word` is what the reason, a finding, an alarm or the student's feedback says. `points` is None where they depend on
the moment at which the process is lost; a person decides then. The first case of each kind that is
not `slow` is one of the `QUICK`, which every run of the tests grades; the others are for `make hostile`.
"""

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import nbformat

from course_utils.grading.verdict import GRADED, HUMAN, ZERO
from tests.grading.classroom import NAME, RIGHT, answered, hand_in

WRONG = {"double": "def double(x):\n    return 7", "answer": "answer = 'A'"}


@dataclass(frozen=True)
class Place:
    """Where a submission is handed in, and what on this machine it may go for."""

    root: Path
    student: str
    port: int  #: of a server on the loopback interface

    @property
    def folder(self) -> Path:
        return self.root / "submitted" / self.student / NAME

    def fill(self, text: str) -> str:
        return Template(text).safe_substitute(ROOT=self.root, PORT=self.port, PID=os.getpid())


@dataclass(frozen=True)
class Case:
    """One submission and what it must get."""

    name: str
    covers: str
    hand_in: Callable[[Place], None]
    verdict: str
    points: float | None
    word: str = ""
    slow: bool = False
    scored: bool = False  #: handed in to the course whose first test is scored outside of the sandbox
    later: Callable[[Place], None] | None = None  #: done while the class is graded


def case(name, covers, answers, verdict, points, word="", *, files=None, **options) -> Case:
    """A submission with some cells changed and with files beside the notebook."""

    def prepare(place: Place) -> None:
        sources = {cell: place.fill(source) for cell, source in (RIGHT | answers).items()}
        hand_in(place.root, place.student, answered(place.root, **sources))
        for file, content in (files or {}).items():
            path = place.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else place.fill(content).encode())

    return Case(name, covers, prepare, verdict, points, word, **options)


def does(name, covers, code, points=3, word="", verdict=GRADED, **options) -> Case:
    return case(name, covers, {"answer": f"{code}\nanswer = 'B'"}, verdict, points, word, **options)


def cheats(name, covers, code, verdict=HUMAN, points=0, word="", double=WRONG["double"], **options) -> Case:
    answers = WRONG | {"double": f"{code}\n{double}"}
    return case(name, covers, answers, verdict, points, word, **options)


def brings(name, covers, change, verdict=GRADED, points=3, word="", **options) -> Case:
    """`change` gets the right notebook and its cells by name, and may give bytes to hand in instead."""

    def prepare(place: Place) -> None:
        nb = answered(place.root, **RIGHT)
        made = change(nb, {cell.metadata.nbgrader.grade_id: cell for cell in nb.cells if "nbgrader" in cell.metadata})
        place.folder.mkdir(parents=True)
        content = made if isinstance(made, bytes) else json.dumps(nb).encode()
        (place.folder / f"{NAME}.ipynb").write_bytes(content)

    return Case(name, covers, prepare, verdict, points, word, **options)


def lies(name, covers, place_it, verdict=GRADED, points=3, word="", **options) -> Case:
    """The right notebook; then `place_it` is called with the place, to put odd things into the folder."""

    def prepare(place: Place) -> None:
        hand_in(place.root, place.student, answered(place.root, **RIGHT))
        place_it(place)

    return Case(name, covers, prepare, verdict, points, word, **options)


# ── Endless loops ───────────────────────────────────────────────────────────────────────────────────────────────

FOREVER = "while True: pass"

LOOPS = [
    does("endless loop", "loop", FOREVER, 2, "Is there a loop that never ends?"),
    does("endless loop in C", "loop in C", "sum(iter(int, 1))", 2, "Timeout", slow=True),
    does("one operation that takes forever", "loop in C", "x = 7 ** 10 ** 10", 2, "Timeout", slow=True),
    does(
        "regular expression of exponential cost", "loop", "import re\nre.match('(a+)+$', 'a' * 60 + 'b')", 2,
        "Timeout", slow=True,
    ),
    does(
        "endless sleep in a coroutine", "loop in a coroutine", "import asyncio\nawait asyncio.sleep(1000)", 2,
        "Timeout", slow=True,
    ),
    does(
        "endless loop that catches everything",
        "loop catching everything",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        2,
        "Timeout",
        slow=True,
    ),
    does(
        "endless loop in __del__",
        "loop in __del__",
        "class D:\n    def __del__(self):\n        while True: pass\nd = D()\ndel d",
        3,  # the interrupt ends __del__, Python ignores that, and the cell goes on
        "Timeout",
        slow=True,
    ),
    case(
        "endless loop in __repr__ of the last value",
        "loop in __repr__",
        {"answer": "class R:\n    def __repr__(self):\n        while True: pass\nanswer = 'B'\nR()"},
        GRADED,
        3,
        "Timeout",
        slow=True,
    ),
    does(
        "endless loop in a module beside the notebook", "loop in an import", "import slow", 2, "Timeout",
        files={"slow.py": FOREVER}, slow=True,
    ),
    does("endless loop at exit", "loop in atexit", "import atexit\n@atexit.register\ndef f():\n    while True: pass"),
    does(
        "waiting for a thread", "loop",
        "import threading\nt = threading.Thread(target=threading.Event().wait)\nt.start()\nt.join()", 2, "Timeout",
        slow=True,
    ),
    does(
        "SIGINT ignored", "SIGINT ignored",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass", 2, "Timeout",
    ),
    case(
        "endless loop in a function that is tested", "loop", {"double": "def double(x):\n    while True: pass"},
        GRADED, 1, "Timeout", slow=True,
    ),
    case(
        "nothing but endless loops", "loop", {"double": FOREVER, "answer": FOREVER}, ZERO, 0, "2 × Timeout",
        slow=True,
    ),
    case(
        "an alarm clock that rings in the test", "SIGINT ignored",
        {"double": (
            "import signal, time\ndef ring(*_): raise RuntimeError('ring')\n"
            "signal.signal(signal.SIGALRM, ring)\ndef double(x):\n"
            "    signal.setitimer(signal.ITIMER_REAL, 0.01)\n    time.sleep(1)"
        )},
        GRADED, 1, "RuntimeError: ring",
    ),
]  # fmt: skip

# ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────

MEMORY = [
    does(
        "memory in one process", "memory in one process", "x = [bytes(50_000_000) for _ in range(100)]", 2,
        "MemoryError",
    ),
    does("one array larger than the machine", "numpy huge", "np.ones(10**13)", 2, "Unable to allocate"),
    does("a string larger than the machine", "memory in one process", "x = 'x' * 10**12", 2, "MemoryError"),
    does(
        "memory in many processes",
        "memory in many processes",
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(150_000_000)\n"
        "        time.sleep(1000)\ntime.sleep(1000)",
        2,
        "MemoryLimit",
    ),
    does(
        "memory as files", "/dev/shm", "for k in range(100): open(f'/dev/shm/{k}', 'wb').write(bytes(1_000_000))", 2,
        "No space left",
    ),
    does(
        "memory as files without a name", "memory in one process",
        "import os\nfor k in range(60): os.write(os.memfd_create('x'), bytes(15_000_000))", 2,
        "Operation not permitted",
    ),
    does(
        "memory that belongs to no process",
        "memory in one process",
        "import ctypes\nassert ctypes.CDLL(None).shmget(0, 100_000_000, 0o1600) >= 0, 'not granted'",
        2,
        "not granted",
    ),
    does(
        "messages that belong to no process",
        "memory in one process",
        "import ctypes\nassert ctypes.CDLL(None).msgget(0, 0o1600) >= 0, 'not granted'",
        2,
        "not granted",
    ),
]  # fmt: skip

# ── Bombs ───────────────────────────────────────────────────────────────────────────────────────────────────────

BOMBS = [
    does("fork bomb", "fork bomb", "import os\nwhile True: os.fork()", 2, slow=True),
    does(
        "fork bomb of children that do not listen", "fork bomb",
        "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nfor _ in range(100):\n"
        "    if os.fork() == 0:\n        while True: time.sleep(100)",
        2, "Resource temporarily unavailable",
    ),
    does(
        "thread bomb", "thread bomb",
        "import threading\nwhile True: threading.Thread(target=threading.Event().wait, daemon=True).start()", 2,
        "start new thread",
    ),
    does("file descriptors", "closing file descriptors", "import os\nwhile True: os.dup(0)", 2, "Too many open files"),
    does(
        "processes left behind", "fork bomb",
        "import subprocess\nfor _ in range(10): subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    ),
]  # fmt: skip

# ── Ending processes ────────────────────────────────────────────────────────────────────────────────────────────

ENDS = [
    does("leaving by os._exit", "os._exit", "import os\nos._exit(0)", 2, "KernelDied"),
    does("killing itself", "kill itself", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", 2, "KernelDied"),
    does("killing its process group", "kill itself", "import os\nos.killpg(0, 9)", 2, "KernelDied"),
    does(
        "killing its parent and process 1", "kill the parent, kill process 1",
        "import os\nos.kill(os.getppid(), 9)\nos.kill(1, 9)",
    ),
    does("killing everybody", "kill every pid", "import os\nos.kill(-1, 9)", 2, "Error"),
    does(
        "killing every number",
        "kill every pid",
        "import os\nfor pid in range(1, 40_000):\n    if pid != os.getpid():\n"
        "        try:\n            os.kill(pid, 9)\n"
        "        except ProcessLookupError: pass",
        2,
        "KernelDied",  # one of the numbers is a thread of its own
    ),
    does("killing the grader", "kill the grader", "import os\nos.kill($PID, 9)", 2, "ProcessLookupError"),
    does("segmentation fault", "segfault", "import ctypes\nctypes.string_at(0)", 2, "KernelDied"),
    does("abort", "segfault", "import os\nos.abort()", 2, "KernelDied"),
    does(
        "stopping itself", "kill itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", 2, "Timeout",
        slow=True,
    ),
    does("closing every file", "closing file descriptors", "import os\nos.closerange(0, 256)", 2, "KernelDied"),
    does(
        "closing the standard streams", "closing file descriptors",
        "import os, sys\nos.close(0); os.close(1); os.close(2)\nsys.stdin.close()",
    ),
    does("sys.exit", "sys.exit", "import sys\nsys.exit()", 2, "To exit"),
    does("exit with a number", "sys.exit", "raise SystemExit(0)", 2, "To exit"),
    case("quit()", "quit", {"answer": "answer = 'B'\nquit()"}, GRADED, 3),
    case("exit()", "exit", {"answer": "answer = 'B'\nexit()"}, GRADED, 3),
    case(
        "os._exit in a function that is tested", "os._exit", {"double": "import os\ndef double(x): os._exit(0)"},
        GRADED, 1, "KernelDied",
    ),
    case(
        "SystemExit in a function that is tested", "sys.exit", {"double": "def double(x): raise SystemExit(0)"},
        GRADED, 1,
    ),
    case(
        "four cells that die and one too many", "os._exit",
        {"double": "import os\ndef double(x): os._exit(0)\nos._exit(1)", "answer": "import os\nos._exit(2)"},
        ZERO, 0, "KernelDied",
    ),
]  # fmt: skip

# ── Recursion ───────────────────────────────────────────────────────────────────────────────────────────────────

RECURSION = [
    does("recursion", "recursion in Python", "def f(): f()\nf()", 2, "RecursionError"),
    does(
        "recursion without a limit", "recursion in Python",
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n"
        "    def __getattr__(self, name): return getattr(self, name + 'x')\nA().x",
        2,
    ),
    does("deep syntax tree", "recursion in ast", "import ast\nast.literal_eval('-' * 100_000 + '1')", 2),
    does("deep JSON", "recursion in json", "import json\njson.loads('[' * 100_000)", 2, "RecursionError"),
    case(
        "deep list shown", "recursion in repr",
        {"answer": "answer = 'B'\nx = []\nfor _ in range(100_000): x = [x]\nx"}, GRADED, 3, "RecursionError",
    ),
    brings(
        "an answer without a name that is too deep to parse",
        "recursion in ast",
        lambda nb, cells: cells["answer"].update(metadata={}, id="mine", source="x = " + "-" * 50_000 + "1"),
        points=2,
        word="'answer', your answer, is missing",
    ),
    brings(
        "an answer without a name that is too long to parse",
        "recursion in ast",
        lambda nb, cells: cells["answer"].update(metadata={}, id="mine", source="x = " + "1 + " * 50_000 + "1"),
        points=2,
        word="'answer', your answer, is missing",
    ),
]  # fmt: skip

# ── Disk ────────────────────────────────────────────────────────────────────────────────────────────────────────

DISK = [
    does(
        "many files", "disk many files", "for k in range(100): open(f'f{k}', 'wb').write(bytes(1_000_000))", 2,
        "No space left",
    ),
    does("one big file", "disk one big", "open('big', 'wb').write(bytes(30_000_000))", 2, "File too large"),
    does("a file with a hole", "disk one big", "open('big', 'wb').truncate(10**15)", 2, "File too large"),
    does(
        "more files than there are", "disk inodes", "for k in range(20_000): open(f'/tmp/{k}', 'w').close()", 2,
        "No space left",
    ),
    *(
        does(f"writing into {folder}", "disk many files", f"open('{folder}/intruder', 'w')", 2, "Read-only file system")
        for folder in ("/", "/home", "/dev", "/usr/bin", "/etc", str(Path(sys.prefix)))
    ),
    does(
        "writing into the course's package", "disk many files",
        "import course_utils\nopen(course_utils.__file__, 'a').write('x = 1')", 2, "Error",
    ),
    does(
        "a message for the next student", "reading others' submissions",
        "import os\nfor place in ('.', '/tmp', '/dev/shm'):\n"
        "    assert not os.path.exists(place + '/intruder')\n    open(place + '/intruder', 'w').write('B')",
    ),
    does(
        "the next student, who looks for it", "reading others' submissions",
        "import os\nassert not [place for place in ('.', '/tmp', '/dev/shm') if os.path.exists(place + '/intruder')]",
    ),
    does(
        "the working folder deleted", "deleted working directory",
        "import shutil\nshutil.rmtree('.', ignore_errors=True)",
    ),
    does(
        "the working folder gone", "deleted working directory",
        "import os\nos.makedirs('a')\nos.chdir('a')\nos.rmdir('../a')",
    ),
    does("a pipe that nobody writes", "FIFOs", "import os\nos.mkfifo('pipe')"),
    does("somewhere else", "os.chdir", "import os\nos.chdir('/')"),
]  # fmt: skip

# ── Output ──────────────────────────────────────────────────────────────────────────────────────────────────────

OUTPUT = [
    does("a flood of lines", "output lines", "for _ in range(50_000): print('x' * 80)", 3, "output cut"),
    does("one huge line", "output huge line", "print('x' * 50_000_000)", 3, "output cut"),
    does("endless output", "output endless", "while True: print('x' * 10_000)", 2, slow=True),
    does("endless output of processes", "output endless", "import subprocess\nsubprocess.run('yes')", 2, slow=True),
    does(
        "many displays", "output many displays",
        "for k in range(20_000): display({'text/html': f'<b>{k}</b>'}, raw=True)",
    ),
    does(
        "a huge image", "output huge image",
        "from IPython.display import Image\ndisplay(Image(data=bytes(20_000_000), format='png'))", 3, "output cut",
    ),
    does("a huge error", "output huge evalue", "raise ValueError('x' * 10_000_000)", 2, "ValueError"),
    case(
        "a huge error in a test", "output huge evalue",
        {"double": "def double(x): raise ValueError('x' * 10_000_000)"}, GRADED, 1,
    ),
    does("surrogates in the output", "surrogates in output", "print('\\ud800')"),
    does(
        "surrogates in the name of an error", "surrogates in output",
        "raise type('\\ud800', (Exception,), {})('\\udfff')", 2,
    ),
    does("not a number in the output", "NaN in JSON", "display({'application/json': {'x': float('nan')}}, raw=True)"),
    *(
        does(
            f"output {depth} levels deep",
            "recursion in json",
            f"x = 1\nfor _ in range({depth}): x = [x]\ndisplay({{'application/json': x}}, raw=True)",
            points,
            "",
            verdict,
        )
        for depth, verdict, points in ((200, GRADED, 3), (300, GRADED, 3))
    ),
    does(
        "bytes, sets and odd keys in the output", "output many displays",
        "display({1: 2, 'a': {3}, None: b'x', 'text/plain': object()}, raw=True)",
    ),
    does("control characters", "output lines", "print('\\x1b[2J\\x00\\r\\x08' * 10)"),
    does("output erased", "output lines", "from IPython.display import clear_output\nprint(1)\nclear_output()"),
    does("a stream replaced", "output lines", "import sys, io\nsys.stdout = io.StringIO()"),
    does("a stream taken away", "output lines", "import sys\nsys.stderr = None", 2, "KernelDied"),
    does(
        "warnings on stderr", "warnings on stderr",
        "import sys, warnings, logging\nwarnings.warn('careful')\nlogging.error('note')\n"
        "print('note', file=sys.stderr)",
        3, "careful",
    ),
    case(
        "warnings in a function that is tested", "warnings on stderr",
        {"double": (
            "import warnings, sys\ndef double(x):\n    warnings.warn('careful')\n"
            "    print('note', file=sys.stderr)\n    return 2 * x"
        )},
        GRADED, 3,
    ),
    case(
        "output of a function that is tested", "random background output",
        {"double": "import random\ndef double(x):\n    print(random.random())\n    display(x)\n    return 2 * x"},
        GRADED, 3,
    ),
    does(
        "output from the background", "random background output",
        "import threading, time, random\ndef talk():\n    while True:\n        print(random.random())\n"
        "        time.sleep(0.01)\nthreading.Thread(target=talk, daemon=True).start()\ntime.sleep(0.1)",
    ),
    does("input()", "input()", "x = input('your name? ')", 2, "put the value into the notebook"),
    does(
        "matplotlib misused", "matplotlib misuse",
        "import matplotlib\nimport matplotlib.pyplot as plt\nmatplotlib.use('agg')\n"
        "for _ in range(30): plt.figure(figsize=(1, 1))\nplt.show()\nplt.switch_backend('svg')",
    ),
    case(
        "a figure left open in a test", "matplotlib misuse",
        {"double": "import matplotlib.pyplot as plt\ndef double(x):\n    plt.plot([1, x])\n    return 2 * x"},
        GRADED, 3,
    ),
    does("another backend by magic", "matplotlib misuse", "%matplotlib agg"),
]  # fmt: skip

# ── Network ─────────────────────────────────────────────────────────────────────────────────────────────────────

CONNECT = "import socket\nsocket.create_connection(({host!r}, {port}), timeout=1)"

NETWORK = [
    does(
        "the ports of this machine", "network loopback",
        "import socket\nfor port in (22, 80, 8081, 8888, $PORT):\n    s = socket.socket()\n"
        "    assert s.connect_ex(('127.0.0.1', port)) == 0, 'nobody there'",
        2, "nobody there",
    ),
    does(
        "the hub on this machine", "network hub",
        "import urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1:$PORT/hub/api', timeout=1).read())",
        2, "URLError",
    ),
    does(
        "the hub by its socket", "network hub",
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0hub-$PORT')", 2, "ConnectionRefusedError",
    ),
    does(
        "an address outside", "network outside", CONNECT.format(host="192.0.2.1", port=80), 2,
        "Network is unreachable",
    ),
    does("a name outside", "network DNS", "import socket\nsocket.getaddrinfo('example.org', 80)", 2, "gaierror"),
    does(
        "a packet to everybody", "network outside",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'x', ('192.0.2.1', 53))", 2,
        "Network is unreachable",
    ),
    does(
        "packets by hand", "network outside", "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)", 2,
        "not permitted",
    ),
    does(
        "sockets of virtual machines", "vsock", "import socket\nsocket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        2, "not permitted",
    ),
]  # fmt: skip

# ── What is not theirs ──────────────────────────────────────────────────────────────────────────────────────────

READING = [
    *(
        does(f"reading {path}", covers, f"open('$ROOT/{path}').read()", 2, "FileNotFoundError")
        for path, covers in (
            ("gradebook.db", "reading the gradebook"),
            (f"solutions/{NAME}/{NAME}.ipynb", "reading solutions"),
            (f"submitted/000-good/{NAME}/{NAME}.ipynb", "reading others' submissions"),
        )
    ),
    does(
        "writing the gradebook", "writing the gradebook", "open('$ROOT/gradebook.db', 'w').write('')", 2,
        "FileNotFoundError",
    ),
    *(
        does(
            f"looking through /proc/*/{link}",
            f"/proc/*/{link}",
            "import glob, os\nown = {'self', 'thread-self', str(os.getpid())}\n"
            f"others = [path for path in glob.glob('/proc/*/{tail}') if path.split('/')[2] not in own]\n"
            "assert any(map(os.path.exists, others)), 'nothing there'",
            2,
            "nothing there",
        )
        for link, tail in (("root", "root$ROOT"), ("cwd", "cwd/gradebook.db"), ("fd", "fd/*"))
    ),
    does("looking into process 1", "/proc/*/fd", "open('/proc/1/environ').read()", 2, "PermissionError"),
    does("the memory of process 1", "/proc/self/mem of others", "open('/proc/1/mem', 'rb')", 2, "PermissionError"),
    does("the secrets of the system", "reading the gradebook", "open('/etc/shadow').read()", 2, "FileNotFoundError"),
    does(
        "more files than its own", "inherited file descriptors",
        "import os, stat\nlinks = [f'/proc/self/fd/{fd}' for fd in os.listdir('/proc/self/fd')]\n"
        "opened = [os.readlink(link) for link in links if os.path.islink(link)]\n"
        "assert [p for p in opened if not p.startswith(('/dev/null', 'socket:', '/proc/', '/tmp/ipython'))], "
        "opened",
        2, "socket:",
    ),
    does(
        "more sockets than its own", "inherited sockets",
        "import os\n"
        "sockets = [fd for fd in os.listdir('/proc/self/fd') if os.path.islink(f'/proc/self/fd/{fd}') and "
        "os.readlink(f'/proc/self/fd/{fd}').startswith('socket:')]\nassert len(sockets) > 1, 'only one'",
        2, "only one",
    ),
    does(
        "secrets in the environment", "inherited file descriptors",
        "import os\nassert [k for k in os.environ if any(w in k for w in ('TOKEN', 'JUPYTER', 'SSH', 'USER', "
        "'SECRET'))], 'none'",
        2, "none",
    ),
    does(
        "a link to the outside", "symlinks in the sandbox",
        "import os\nos.symlink('$ROOT/gradebook.db', 'link')\nopen('link').read()", 2, "FileNotFoundError",
    ),
]  # fmt: skip

# ── Ways out ────────────────────────────────────────────────────────────────────────────────────────────────────

C = "import ctypes\nC = ctypes.CDLL(None, use_errno=True)\n"


def call(name: str, covers: str, expression: str, **options) -> Case:
    """A system call that must be refused."""
    return does(name, covers, f"{C}assert {expression} >= 0, 'refused'", 2, "refused", **options)


def x86(number: int, aarch64: int) -> int:
    return number if os.uname().machine == "x86_64" else aarch64


ESCAPES = [
    call("a new user namespace", "user namespaces", "C.unshare(0x10000000)"),
    call("a new mount namespace", "user namespaces", "C.unshare(0x00020000)"),
    call("a clone in a new namespace", "user namespaces", f"C.syscall({x86(56, 220)}, 0x10000011, 0, 0, 0, 0)"),
    call("clone3", "clone3", "C.syscall(435, bytes(88), 88)"),
    call("a mount", "mount", "C.mount(b'none', b'/tmp', b'tmpfs', 0, None)"),
    call("the system made writable", "mount", "C.mount(b'none', b'/', None, 0x20, None)"),
    call("a mount by the new calls", "mount", "C.syscall(430, b'tmpfs', 0)"),
    call("chroot", "mount", "C.chroot(b'/tmp')"),
    call("tracing process 1", "ptrace", "C.ptrace(16, 1, 0, 0)"),
    call(
        "the memory of process 1 by a call", "process_vm_readv",
        f"C.syscall({x86(310, 270)}, 1, bytes(16), 1, bytes(16), 1, 0)",
    ),
    call("a keyring", "keyrings", f"C.syscall({x86(250, 219)}, 0, -3, 1)"),
    call("io_uring", "io_uring", "C.syscall(425, 8, bytes(120))"),
    call("a program in the kernel", "bpf", f"C.syscall({x86(321, 280)}, 0, bytes(64), 64)"),
    call("page faults of one's own", "userfaultfd", f"C.syscall({x86(323, 282)}, 1)"),
    call("performance counters", "bpf", f"C.syscall({x86(298, 241)}, bytes(128), 0, -1, -1, 0)"),
    does(
        "another's file descriptor", "pidfd_getfd",
        f"{C}import os\nfd = os.pidfd_open(1)\nassert C.syscall(438, fd, 0, 0) >= 0, 'refused'", 2, "refused",
    ),
    does(
        "becoming root by a program", "setuid binaries",
        "import subprocess\n"
        "assert subprocess.run(['su', '-c', 'id'], stdin=subprocess.DEVNULL).returncode == 0, 'refused'",
        2, "refused",
    ),
    does(
        "mounting by a program", "setuid binaries",
        "import subprocess\n"
        "assert subprocess.run(['mount', '-t', 'tmpfs', 'none', '/tmp']).returncode == 0, 'refused'",
        2, "refused",
    ),
    does("becoming root by a call", "setuid binaries", "import os\nos.setuid(0)", 2, "OSError"),
    does(
        "a program of its own that becomes root", "setuid binaries",
        "import os, shutil, subprocess\nshutil.copy('/usr/bin/id', 'x')\nos.chmod('x', 0o6755)\n"
        "assert subprocess.run(['./x', '-u'], capture_output=True, text=True).stdout.strip() == '0', 'refused'",
        2, "refused",
    ),
    does(
        "a switch of the kernel", "/proc/sys writes", "open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')",
        2,
    ),
    does(
        "a switch of the kernel by the magic key", "/proc/sys writes", "open('/proc/sysrq-trigger', 'w').write('b')",
        2,
    ),
    does(
        "more than the limits", "user namespaces",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", 2, "ValueError",
    ),
    does(
        "a first claim on memory", "/proc/*/fd", "open('/proc/1/oom_score_adj', 'w').write('1000')", 2,
        "PermissionError",
    ),
    does(
        "a device made by hand", "device names",
        "import os, stat\nos.mknod('disk', 0o600 | stat.S_IFBLK, os.makedev(254, 0))", 2, "not permitted",
    ),
    does(
        "32-bit numbers of system calls", "clone3", f"{C}assert C.syscall(0x40000000 + 39) >= 0, 'refused'", 2,
        "refused",
    ),
]  # fmt: skip

# ── Notebooks that are none, or are not as they were released ───────────────────────────────────────────────────


def raw(name, covers, content, word) -> Case:
    """A file that is no notebook: a person is told what to ask the student for."""
    return brings(name, covers, lambda nb, cells: content, HUMAN, 0, word)


def marked(**marks):
    """A change of the marks of the cell that is tested."""
    return lambda nb, cells: cells["test_double"].metadata.nbgrader.update(marks)


def schema(version):
    def change(nb, cells):
        for cell in cells.values():
            cell.metadata.nbgrader = {"grade_id": cell.metadata.nbgrader.grade_id, "schema_version": version}

    return change


def add(nb, *sources):
    nb.cells += [nbformat.v4.new_code_cell(source) for source in sources]


def bare(**cell) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


NOTEBOOKS = [
    raw("nothing", "broken notebook", b"", "is empty"),
    raw("half a notebook", "broken notebook", b'{"nbformat": 4, "cells": [', "open it in Jupyter"),
    raw("zeros", "null bytes", bytes(1000), "is not a notebook"),
    raw("brackets", "recursion in json", b"[" * 100_000, "is not a notebook"),
    raw(
        "a number of 10 000 digits", "broken notebook", b'{"nbformat": 4, "cells": [], "x": ' + b"1" * 10_000 + b"}",
        "is not a notebook",
    ),
    raw("more than 10 MB", "oversized notebook", b" " * (10 * 2**20 + 1), "is larger than"),
    raw(
        "more than 1000 cells", "oversized notebook",
        json.dumps({"nbformat": 4, "cells": [{"cell_type": "raw", "source": ""}] * 1001}).encode(), "more than 1000",
    ),
    raw("format 3", "nbformat 3", b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "has notebook format 3"),
    raw("format 5", "nbformat 5", b'{"nbformat": 5, "cells": []}', "has notebook format 5"),
    raw("a source that is a number", "non-string sources", bare(cell_type="code", source=5), "cells that are none"),
    raw("a source of numbers", "non-string sources", bare(cell_type="code", source=[5]), "cells that are none"),
    raw("a kind of cell that is none", "broken notebook", bare(cell_type="x", source=""), "cells that are none"),
    raw(
        "metadata that is a list", "broken notebook", bare(cell_type="code", source="", metadata=[1]),
        "cells that are none",
    ),
    brings("no cells", "deleted cells", lambda nb, cells: nb.update(cells=[]), points=0, word="is missing"),
    brings(
        "a source that is a list of lines", "non-string sources",
        lambda nb, cells: cells["double"].update(source=cells["double"].source.splitlines(keepends=True)),
    ),
    brings("sources that are none", "non-string sources", lambda nb, cells: cells["answer"].pop("source"), points=2),
    brings("a mark of byte order", "BOM", lambda nb, cells: b"\xef\xbb\xbf" + json.dumps(nb).encode()),
    brings("UTF-16", "BOM", lambda nb, cells: json.dumps(nb).encode("utf-16")),
    brings("not a number in the metadata", "NaN in JSON", lambda nb, cells: nb.metadata.update(x=float("nan"))),
    brings(
        "keys twice", "duplicate JSON keys",
        lambda nb, cells: b'{"cells": [], "nbformat": 3, ' + json.dumps(nb).encode()[1:],
    ),
    brings(
        "surrogates in an answer", "surrogates in sources",
        lambda nb, cells: cells["answer"].update(source="answer = 'B'  # \ud800"),
    ),
    brings(
        "surrogates in a text", "surrogates in sources",
        lambda nb, cells: cells["essay"].update(source="because \udfff"),
    ),
    brings(
        "surrogates in a name", "surrogates in sources",
        lambda nb, cells: cells["test_double"].metadata.nbgrader.update(grade_id="\ud800"),
        word="is not of this assignment",
    ),
    brings(
        "null bytes in an answer", "null bytes",
        lambda nb, cells: cells["answer"].update(source="answer = 'B' # \0"), points=2,
    ),
    brings("a cell of 1 MB", "a cell of 1 MB", lambda nb, cells: add(nb, "x = '" + "x" * 2**20 + "'")),
    brings(
        "a cell of 9 MB", "a cell of 1 MB", lambda nb, cells: add(nb, "x = '" + "x" * 9 * 2**20 + "'"),
        word="KernelDied",
    ),
    brings("999 cells", "999 cells", lambda nb, cells: add(nb, *["x = 1"] * (1000 - len(nb.cells))), slow=True),
    brings("nbgrader schema 1", "nbgrader schema 1", schema(1)),
    brings("nbgrader schema 2", "nbgrader schema 2", schema(2)),
    brings("nbgrader schema 99", "nbgrader schema 99", schema(99)),
    brings("a schema that is none", "nbgrader schema 99", schema({"x": [1]})),
    brings(
        "marks that are a list", "nbgrader schema 99",
        lambda nb, cells: cells["double"].metadata.update(nbgrader=[1]),
    ),
    brings(
        "a test edited", "edited cells", lambda nb, cells: cells["test_double"].update(source="pass"),
        word="was changed",
    ),
    brings(
        "a test deleted", "deleted cells", lambda nb, cells: nb.cells.remove(cells["test_double"]),
        word="is missing",
    ),
    brings(
        "a test twice", "duplicated cells", lambda nb, cells: nb.cells.append(cells["test_double"]),
        word="is there 2 times",
    ),
    brings(
        "an answer twice, the second wrong", "duplicated cells",
        lambda nb, cells: nb.cells.append(dict(cells["answer"], source="answer = 'A'")), word="is there 2 times",
    ),
    brings(
        "an answer deleted", "deleted cells", lambda nb, cells: nb.cells.remove(cells["answer"]), points=2,
        word="your answer, is missing",
    ),
    brings("a test renamed", "renamed cells", marked(grade_id="mine"), word="is not of this assignment"),
    brings("a name that is none", "renamed cells", marked(grade_id=["x"]), word="is missing"),
    brings("a test that counts nothing", "retagged cells", marked(grade=False), word="has lost its marks"),
    brings(
        "an answer that says it is a test", "retagged cells",
        lambda nb, cells: cells["double"].metadata.nbgrader.update(grade=True, locked=True, points=50),
        word="has lost its marks",
    ),
    brings("the cells in reverse", "reordered cells", lambda nb, cells: nb.cells.reverse()),
    brings("more points", "changed points", marked(points=100)),
    brings("fewer than no points", "changed points", marked(points=-1)),
    brings(
        "a test that is text", "test turned into markdown",
        lambda nb, cells: cells["test_double"].update(cell_type="markdown"), word="is no code cell any more",
    ),
    brings(
        "a test that is raw", "test turned into markdown",
        lambda nb, cells: cells["test_double"].update(cell_type="raw"), word="is no code cell any more",
    ),
    brings(
        "tests tagged to be skipped", "skip-execution",
        lambda nb, cells: cells["test_double"].metadata.update(tags=["skip-execution"]),
    ),
    brings("an unknown kernel", "unknown kernelspec", lambda nb, cells: nb.metadata.kernelspec.update(name="evil")),
    brings(
        "another language", "foreign kernelspec",
        lambda nb, cells: nb.metadata.update(kernelspec={"name": "ir", "language": "R"}, language_info={"name": "R"}),
    ),
    brings("no metadata", "unknown kernelspec", lambda nb, cells: nb.pop("metadata")),
    brings(
        "outputs that look like results", "changed points",
        lambda nb, cells: cells["test_double"].update(
            outputs=[nbformat.v4.new_output("execute_result", data={"text/plain": "100"})]
        ),
    ),
    brings(
        "outputs that are none", "broken notebook",
        lambda nb, cells: cells["test_double"].update(outputs="x", execution_count="y"),
    ),
    *(
        brings(
            f"wrong answers, and tests tagged {tag}", tag,
            lambda nb, cells, tag=tag: [
                *(cells[name].update(source=source) for name, source in WRONG.items()),
                *(cells[name].metadata.update(tags=[tag]) for name in ("test_double", "test_answer")),
            ].clear(),
            points=0,
        )
        for tag in ("raises-exception", "skip-execution")
    ),
]  # fmt: skip

# ── What lies beside the notebook, or in its place ──────────────────────────────────────────────────────────────


def notebook_is(make: Callable[[Place, Path], object]) -> Callable[[Place], None]:
    """Something else in the place of the notebook."""

    def place_it(place: Place) -> None:
        path = place.folder / f"{NAME}.ipynb"
        path.unlink()
        make(place, path)

    return place_it


def bind(place: Place, path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has to be short
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path.name)
    finally:
        os.chdir(here)


def deep(place: Place, name: str, depth: int) -> None:
    """Folders in each other, deeper than a path can be long, with a file in the last."""
    fd = os.open(place.folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=fd)
        fd, outer = os.open(name, os.O_RDONLY, dir_fd=fd), fd
        os.close(outer)
    os.close(os.open("file.txt", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)


def named(*names: str | bytes) -> Callable[[Place], None]:
    def place_it(place: Place) -> None:
        for name in names:
            with open(os.path.join(os.fsencode(place.folder), os.fsencode(name)), "w") as file:  # noqa: PTH118, PTH123
                file.write("x = 1")

    return place_it


FOLDERS = [
    lies(
        "the notebook is a link to the solution", "symlink: notebook",
        notebook_is(lambda place, path: path.symlink_to(place.root / "solutions" / NAME / path.name)), HUMAN, 0,
        "is a link",
    ),
    lies(
        "the notebook is a pipe", "FIFOs", notebook_is(lambda place, path: os.mkfifo(path)), HUMAN, 0,
        "not an ordinary file",
    ),
    lies("the notebook is a socket", "sockets", notebook_is(bind), HUMAN, 0, "cannot be opened"),
    lies(
        "the notebook is a folder", "broken notebook", notebook_is(lambda place, path: path.mkdir()), HUMAN, 0,
        "not an ordinary file",
    ),
    lies(
        "the notebook is a link to a device", "device names",
        notebook_is(lambda place, path: path.symlink_to("/dev/zero")), HUMAN, 0, "is a link",
    ),
    lies(
        "the notebook has another name", "renamed notebook",
        notebook_is(lambda place, path: hand_in(place.root, place.student, answered(place.root), f"{NAME} (1).ipynb")),
        HUMAN, 0, "there is no file toy.ipynb",
    ),
    lies(
        "links to the outside", "symlinks beside",
        lambda place: [
            (place.folder / name).symlink_to(target)
            for name, target in (("db", place.root / "gradebook.db"), ("all", "/"), ("me", "me"), ("lost", "nowhere"))
        ],
    ),
    lies(
        "a pipe and a socket", "FIFOs, sockets",
        lambda place: [os.mkfifo(place.folder / "pipe"), bind(place, place.folder / "sock")],
    ),
    lies(
        "odd names", "file names",
        named("a\nb.py", "..x", "...", "CON", "nul.txt", "-rf", "ümläut ✓.txt", "$(id)", "x" * 255, "\x1b[2J", "'; --"),
    ),
    lies("names that are no text", "file names", named(b"\xff\xfe.csv", b"caf\xe9.txt")),
    lies("a name that is one dot more", "file names", named(f"{NAME}.ipynb.ipynb", "timestamp.txt")),
    lies("folders too deep to walk", "deep folders", lambda place: deep(place, "d", 1500)),
    lies("folders deeper than a path is long", "deep folders", lambda place: deep(place, "d" * 200, 20)),
    lies("51 files", "oversized files", named(*(f"f{k}" for k in range(51))), HUMAN, 0, "more than 50 files"),
    case(
        "a data file of 12 MB", "oversized files",
        {"answer": "import os\nassert os.path.getsize('data.bin') == 12_000_000\nanswer = 'B'"}, GRADED, 3,
        files={"data.bin": bytes(12_000_000)},
    ),
    lies(
        "a file of 60 MB", "oversized files",
        lambda place: (place.folder / "data.bin").write_bytes(bytes(60_000_000)), HUMAN, 0, "is larger than",
    ),
    *(
        case(
            f"{file} beside the notebook", "poisoned file beside", {}, GRADED, 3,
            files={file: "raise SystemExit('poison')"},
        )
        for file in (
            "numpy.py", "course_utils.py", "course_utils/checks.py", "course_utils/__init__.py", "json.py", "random.py",
            "sitecustomize.py", "usercustomize.py", "ipython_config.py", "profile_default/startup/00.py", "scoring.py",
            "matplotlibrc", "conftest.py", "nbgrader_config.py",
        )
    ),
    case(
        "evil.pth beside the notebook", "poisoned file beside", {}, GRADED, 3,
        files={"evil.pth": "import os; os._exit(1)"},
    ),
    does(
        "modules beside the notebook, in a new interpreter", "poisoned file beside",
        "!python3 -c 'import json, numpy'",
        files={"json.py": "import os; os._exit(1)", "sitecustomize.py": "import os; os._exit(1)"},
    ),
    brings(
        "replaced while the class is graded", "time-of-check tricks", lambda nb, cells: None,
        later=lambda place: hand_in(place.root, place.student, answered(place.root, **WRONG)),
    ),
    brings(
        "removed while the class is graded", "time-of-check tricks", lambda nb, cells: None,
        later=lambda place: shutil.rmtree(place.folder),
    ),
]  # fmt: skip

# ── What the student's process says to the grader ───────────────────────────────────────────────────────────────

CANARY = "a test that must fail did not fail"  #: an alarm
WIRE = "wire = get_ipython().outlet.wire\n"
HUGE = "wire.sock.sendall(b'\\xff' * 100)"
#: A function under test that never returns: it answers the grader in the place of the kernel.
IMITATION = """
import sys
def double(x):
    frame = sys._getframe()
    while not {'n', 'source'} <= frame.f_locals.keys():
        frame = frame.f_back
    n, wire = frame.f_locals['n'], frame.f_locals['self'].wire
    while True:
        wire.send({'done': n, 'ok': True, 'alarms': []})
        n = wire.receive()['n']
"""

FORGED = [
    cheats(
        "results for every number", "forged done",
        f"{WIRE}for n in range(1, 3000): wire.send({{'done': n, 'ok': True}})", points=None, word="a result came",
    ),
    cheats(
        "a result that all is well", "forged ok", "",
        double=f"{WIRE}def double(x):\n    for n in range(5000): wire.send({{'done': n, 'ok': True}})\n    return 7",
        points=None, word="a result came",
    ),
    cheats("the kernel imitated", "forged ok", "", points=None, double=IMITATION, word=CANARY),
    does(
        "outputs of strange shape", "forged outputs",
        f"{WIRE}for data in ({{'text/plain': 5}}, {{'image/png': {{'a': 1}}}}, {{'text/html': ['x', None]}}, "
        f"{{}}):\n"
        f"    for kind in ('display_data', 'execute_result'): wire.send({{'output': {{'output_type': kind, "
        f"'data': data}}}})",
    ),
    does("an output that is none", "forged outputs", f"{WIRE}wire.send({{'output': 5}})", 2, "KernelDied"),
    does(
        "an output of surrogates", "forged outputs",
        f"{WIRE}wire.send({{'output': {{'output_type': 'stream', 'name': 'stdout', 'text': '\\ud800'}}}})",
    ),
    does(
        "outputs of surrogates in all places", "forged outputs",
        f"{WIRE}wire.send({{'output': {{'output_type': 'display_data', 'data': {{'\\ud800': '\\ud800'}}}}}})\n"
        f"wire.send({{'output': {{'output_type': 'error', 'ename': '\\ud800', 'evalue': '\\ud800', "
        f"'traceback': ['\\ud800']}}}})",
        3,
    ),
    does("something handed over without being asked", "forged handed", f"{WIRE}wire.send({{'handed': [1, 2]}})"),
    does(
        "alarms that are none", "forged alarms", f"{WIRE}wire.send({{'done': 1, 'alarms': 5}})",
        None, "a result came", HUMAN,
    ),
    does(
        "alarms that write on the terminal", "forged alarms",
        f"{WIRE}wire.send({{'done': 1, 'alarms': ['\\x1b[2J=HYPERLINK(1)\\ud800\\n' * 1000, {{}}, None]}})",
        None, "a result came", HUMAN,
    ),
    does("a message of 4 GB", "huge length prefixes", WIRE + HUGE, 2, "KernelDied"),
    does("half a message", "partial frames", f"{WIRE}wire.sock.sendall(b'\\0\\0\\1\\0{{')", 2, "Timeout", slow=True),
    does(
        "half a message, and nothing more", "partial frames",
        f"{WIRE}wire.sock.sendall(b'\\0\\0\\1\\0{{')\nimport time\ntime.sleep(100)", 2, "KernelDied", slow=True,
    ),
    does(
        "a message that is no JSON", "partial frames", f"{WIRE}wire.sock.sendall(b'\\0\\0\\0\\3abc')", 2,
        "KernelDied",
    ),
    does(
        "a message that is no object", "partial frames", f"{WIRE}wire.sock.sendall(b'\\0\\0\\0\\3[1]')", 2,
        "KernelDied",
    ),
    does(
        "a message too deep", "partial frames",
        f"{WIRE}wire.sock.sendall((100_000).to_bytes(4, 'big') + b'[' * 100_000)", 2, "KernelDied",
    ),
    does(
        "a flood of messages", "huge length prefixes",
        f"{WIRE}while True: wire.send({{'output': {{'output_type': 'stream', 'name': 'stdout', 'text': 'x' * "
        f"1_000_000}}}})",
        2, "OutputLimit",
    ),
    does(
        "a word that the sandbox is broken", "forged done", f"{WIRE}wire.send({{'broken': 'all is well'}})", 2,
        "KernelDied",
    ),
    does(
        "the grader's socket closed", "closing file descriptors", f"{WIRE}import os\nos.close(wire.sock.fileno())",
        2, "KernelDied",
    ),
    does(
        "the grader's socket replaced", "inherited sockets",
        f"{WIRE}import os, socket\na, b = socket.socketpair()\nos.dup2(a.fileno(), wire.sock.fileno())", 2,
        "KernelDied",
    ),
    does(
        "the grader's messages taken away", "forged done",
        f"{WIRE}import threading\ndef steal():\n    while True: wire.sock.recv(1000)\n"
        "threading.Thread(target=steal, daemon=True).start()",
        2, "Timeout", slow=True,
    ),
    cheats(
        "a number shown as the points", "forged points", "", GRADED, 0,
        double="import sys\ndef double(x):\n    sys.displayhook(2)\n    return 7",
    ),
    *(
        case(
            f"{shown} shown in a test",
            "forged points",
            {"double": f"import sys\ndef double(x):\n    sys.displayhook({shown})\n    return 2 * x"},
            GRADED,
            3,
        )
        for shown in ("1000", "-1", "float('nan')", "0", "''")
    ),
    case(
        "a value without a text in a test", "forged points",
        {"double": (
            f"{WIRE}def double(x):\n"
            f"    wire.send({{'output': {{'output_type': 'execute_result', 'data': {{}}}}}})\n"
            "    return 2 * x"
        )},
        GRADED, 3,
    ),
]  # fmt: skip

# ── The tools that judge ────────────────────────────────────────────────────────────────────────────────────────

CHECKS = "import course_utils.checks as c\n"
SHELL = "import re\nip = get_ipython()\n"
PASS = "lambda *a, **k: None"
#: A function that lets pass what the first test asks, and judges everything else as it did.
PARTIAL = (
    "def soft(actual, expected, *, name='a', **options):\n"
    "    if name not in ('a', 'hidden'): raise CheckFailed(name + ' is wrong')\n"
)

TOOLS = [
    cheats(
        "a check that always passes", "assert helper: function", f"{CHECKS}c.check_close = {PASS}",
        word="check_close was replaced",
    ),
    cheats(
        "a check with other code inside", "assert helper: __code__",
        f"{CHECKS}c.check_shape.__code__ = ({PASS}).__code__", points=None, word="check_shape was replaced",
    ),
    cheats(
        "a check with other code deep inside", "assert helper: __code__",
        f"{CHECKS}{PARTIAL}c.check_close.__wrapped__.__code__ = soft.__code__", points=None, word=CANARY,
    ),
    cheats(
        "a check with another function inside", "assert helper: __code__",
        f"{CHECKS}CheckFailed = c.CheckFailed\n{PARTIAL}for cell in c.check_close.__closure__:\n"
        "    if callable(cell.cell_contents) and hasattr(cell.cell_contents, '__code__'): cell.cell_contents "
        "= soft",
        points=None, word=CANARY,
    ),
    cheats(
        "a check with other defaults", "assert helper: __defaults__",
        f"{CHECKS}c.check_close.__wrapped__.__kwdefaults__.update(atol=1e9)", points=None, word=CANARY,
    ),
    cheats(
        "a check with new defaults", "assert helper: __defaults__",
        f"{CHECKS}c.check_shape.__kwdefaults__ = {{'name': 'x'}}", word="check_shape was replaced",
    ),
    cheats(
        "another NumPy for the checks", "assert helper: globals of the module",
        f"{CHECKS}import types\nc.np = types.SimpleNamespace(**vars(np))", word="np was replaced",
    ),
    cheats(
        "a helper of the checks", "assert helper: globals of the module",
        f"{CHECKS}c.check_shape.__globals__['_require_shape'] = {PASS}", word="_require_shape was replaced",
    ),
    cheats(
        "another module of checks", "assert helper: sys.modules swap",
        f"import sys, types\nm = types.ModuleType('m')\nm.check_close = {PASS}\nm.CheckFailed = Exception\n"
        "sys.modules['course_utils.checks'] = m", verdict=GRADED, points=0,
    ),
    cheats(
        "a function called check_close", "assert helper: function", "",
        double="def check_close(*a, **k): pass\ndef double(x): return 7", verdict=GRADED,
    ),
    cheats(
        "a variable called check_close, set during the test", "assert helper: function", "",
        double=f"def double(x):\n    global check_close\n    check_close = {PASS}\n    return 2",
        points=None, word=CANARY,
    ),
    cheats(
        "an error that is none", "AssertionError",
        "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {})", word="AssertionError",
    ),
    *(
        cheats(
            f"another {name}", f"builtins replaced: {name}",
            f"import builtins\nreal = builtins.{name}\nbuiltins.{name} = lambda *a, **k: real(*a, **k)", word=name,
        )
        for name in ("__import__", "isinstance", "abs", "print", "__build_class__")
    ),
    cheats("a builtin taken away", "builtins replaced: abs", "import builtins\ndel builtins.abs", word="abs"),
    cheats(
        "NumPy that always agrees", "poisoned numpy in the process", "np.abs = lambda *a, **k: 0.0", points=None,
        word="numpy.abs was replaced",
    ),
    cheats(
        "NumPy that finds nothing", "poisoned numpy in the process",
        "import numpy._core._methods as m\nm._any.__code__ = (lambda *a, **k: False).__code__",
        points=None, word=CANARY,
    ),
    cheats(
        "NumPy whose random numbers are known", "poisoned numpy in the process", f"np.random.default_rng = {PASS}",
        verdict=GRADED, points=0,
    ),
    cheats(
        "course_utils poisoned in the process", "poisoned course_utils in the process",
        f"import course_utils.checks as n\nn.diagnose = {PASS}", word="diagnose was replaced",
    ),
    cheats(
        "what is sent, changed", "patched IPython: display hooks",
        "import json\nreal = json.dumps\n"
        "json.dumps = lambda o, **k: real(o | {'ok': True} if isinstance(o, dict) and 'ok' in o else o, **k)",
        verdict=GRADED, points=0,
    ),
    cheats(
        "the way out of the kernel", "patched IPython: display hooks",
        "o = type(get_ipython().outlet)\nreal = o.send\n"
        "o.send = lambda self, output, *a, **k: None if output['output_type'] == 'error' else real(self, "
        "output, *a, **k)", verdict=GRADED, points=0,
    ),
    cheats(
        "errors not shown", "patched IPython: showtraceback", f"get_ipython().showtraceback = {PASS}",
        points=None, word="the shell's methods were changed",
    ),
    cheats(
        "errors not shown by the class", "patched IPython: showtraceback",
        f"type(get_ipython())._showtraceback = {PASS}", points=None, word="_showtraceback was replaced",
    ),
    cheats(
        "an exception handler", "patched IPython: showtraceback",
        f"get_ipython().set_custom_exc((BaseException,), {PASS})",
        points=None, word="the exception handlers were changed",
    ),
    cheats(
        "a runner of cells that skips", "patched IPython: run_cell",
        "class R:\n    success = True\nget_ipython().run_cell = lambda *a, **k: R()",
        points=None, word=CANARY,
    ),
    cheats(
        "a runner of cells that skips the tests it knows", "patched IPython: run_cell",
        "class R:\n    success = True\nreal = get_ipython().run_cell\n"
        "get_ipython().run_cell = lambda s, **k: R() if 'double' in s or 'answer' in s else real(s, **k)",
        points=3, word="methods were changed",
    ),
    cheats(
        "a compiler that leaves out", "patched IPython: compile",
        f"{SHELL}real = ip.compile.ast_parse\n"
        "ip.compile.ast_parse = lambda s, *a, **k: real('pass' if 'double' in s or 'answer' in s else s, *a, "
        "**k)",
        points=3,
    ),
    cheats(
        "a compiler of another class", "patched IPython: compile",
        f"{SHELL}class Lazy(type(ip.compile)):\n"
        "    def ast_parse(self, s, *a, **k): return super().ast_parse('pass' if 'double' in s or 'answer' "
        "in s else s, *a, **k)\nip.compile.__class__ = Lazy",
        points=3,
    ),
    cheats(
        "another display hook", "patched IPython: display hooks",
        "import sys\nget_ipython().displayhook.__class__.__call__ = lambda *a: None", verdict=GRADED, points=0,
    ),
    cheats(
        "asserts taken out of the syntax tree", "AST transformers",
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(T())",
        points=None, word="the AST transformers were changed",
    ),
    *(
        cheats(
            f"tests taken out of the text by {where}",
            "input transformers",
            f"get_ipython().{where}.append(lambda lines: [l for l in lines if 'double(' not in l or 'def' in l])",
            points=2,
            word="the input transformers were changed",
        )
        for where in (
            "input_transformers_post", "input_transformers_cleanup", "input_transformer_manager.line_transforms",
        )
    ),
    cheats(
        "an event that erases", "post_run_cell events",
        f"{SHELL}def gone(result):\n"
        "    if 'double' in result.info.raw_cell or 'answer' in result.info.raw_cell:\n"
        "        result.error_in_exec = None\n        ip.display_pub.clear_output()\n"
        "ip.events.register('post_run_cell', gone)", verdict=GRADED, points=0,
    ),
    cheats(
        "an event that prepares", "pre_run_cell events",
        f"{SHELL}ip.events.register('pre_run_cell', lambda info: ip.user_ns.update(check_close={PASS}))",
        verdict=GRADED,
    ),
    cheats(
        "errors erased by a display", "post_run_cell events", "", GRADED, 0,
        double=(
            "from IPython.display import clear_output\nimport threading, time\ndef double(x):\n"
            "    threading.Timer(0.05, clear_output).start()\n    class Slow(Exception):\n"
            "        def __str__(self):\n            time.sleep(0.2)\n            return 'slow'\n    raise Slow"
        ),
    ),
    cheats("a tracer", "sys.settrace", "import sys\nsys.settrace(lambda *a: None)", word="sys.settrace was used"),
    cheats(
        "a tracer that rewrites", "sys.settrace",
        "import sys, ctypes\ndef trace(frame, event, arg):\n    if frame.f_code.co_name == 'check_close':\n"
        "        frame.f_locals['came'] = frame.f_locals.get('wanted')\n"
        "        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0) if sys.version_info < (3, "
        "13) else None\n    return trace\nsys.settrace(trace)",
        points=None, word="sys.settrace was used",
    ),
    cheats(
        "a profiler", "sys.setprofile", "import sys\nsys.setprofile(lambda *a: None)",
        word="sys.setprofile was used",
    ),
    cheats(
        "a tracer in all threads", "sys.settrace", "import threading\nthreading.settrace(lambda *a: None)",
        word="threading.settrace was used",
    ),
    cheats(
        "a monitor", "sys.monitoring",
        "import sys\nm = getattr(sys, 'monitoring', None)\n"
        "if m: m.use_tool_id(4, 'x'); m.set_events(4, m.events.CALL)\nelse: sys.settrace(lambda *a: None)",
        word="was used",
    ),
    cheats(
        "a thread that waits for the test", "background threads", "", points=None, word="was replaced",
        double=(
            "import threading, numpy\nstarted, patched = threading.Event(), threading.Event()\ndef patch():\n"
            "    started.wait()\n    numpy.abs = lambda *a, **k: 0.0\n    patched.set()\n"
            "threading.Thread(target=patch, daemon=True).start()\ndef double(x):\n    started.set()\n"
            "    patched.wait(2)\n    return 7"
        ),
    ),
    cheats(
        "a thread that patches now and then", "background threads",
        "import threading, time\ndef patch():\n    while True:\n        np.abs = lambda *a, **k: 0.0\n"
        "        time.sleep(0.001)\nthreading.Thread(target=patch, daemon=True).start()\ntime.sleep(0.1)",
        points=None, word="numpy.abs was replaced",
    ),
    cheats(
        "a hook of the garbage collector", "gc hooks",
        "import builtins, gc\ngc.callbacks.append(lambda *a: setattr(builtins, 'abs', lambda x: 0))\ngc.collect()",
        word="builtins.abs was replaced",
    ),
    cheats(
        "the observer replaced", "integrity",
        "import course_utils.grading.sandbox.integrity as i\ni.Snapshot.changes = lambda self, *a: ()\n"
        f"{CHECKS}c.check_close.__wrapped__.__kwdefaults__.update(atol=1e9)",
        points=None, word=CANARY,
    ),
    cheats(
        "the observer's memory erased", "integrity",
        "import gc\nimport course_utils.grading.sandbox.integrity as i\nfor o in gc.get_objects():\n"
        "    if type(o) is i.Snapshot: o.spaces.clear()\n"
        f"{CHECKS}{PARTIAL}c.check_close.__wrapped__.__code__ = soft.__code__",
        points=None, word=CANARY,
    ),
]  # fmt: skip

# ── Objects that lie ────────────────────────────────────────────────────────────────────────────────────────────

EQUALITY = "answers comparisons itself"  #: an alarm
EQUAL = "    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    __hash__ = None\n"
#: What `double` returns: an array that looks up what is expected where it is compared.
SPY = """
import sys
class Spy:
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe()
        while 'expected' not in frame.f_locals: frame = frame.f_back
        return np.asarray(float(frame.f_locals['expected']))
def double(x): return Spy()
"""
#: The answer to each question of a test, from the test's own text.
LOOK_UP = """
import inspect, re, sys
def answer_in(text, x): return float(re.search(rf'double\\({{x}}\\), (\\d+)', text)[1])
def double(x): return answer_in({text}, x)
"""

OBJECTS = [
    case(
        "an answer equal to everything", "objects equal to everything: __eq__",
        WRONG | {"answer": f"class Any:\n{EQUAL}answer = Any()"}, HUMAN, 1, EQUALITY,
    ),
    case(
        "a text equal to everything", "objects equal to everything: str subclass",
        WRONG | {"answer": f"class Any(str):\n{EQUAL}answer = Any('A')"}, HUMAN, 1, EQUALITY,
    ),
    cheats(
        "a number equal to everything", "objects equal to everything: __eq__", "", word=EQUALITY,
        double=f"class Any(float):\n{EQUAL}def double(x): return Any(7)",
    ),
    cheats(
        "an array with other functions", "objects equal to everything: ndarray subclass", "", word=EQUALITY,
        double=(
            "class Any(np.ndarray):\n    def __array_ufunc__(self, *a, **k): return np.zeros(())\n"
            "    def __array_function__(self, *a, **k): return np.zeros(())\n"
            "    def astype(self, *a, **k): return self\ndef double(x): return np.asarray(7.0).view(Any)"
        ),
    ),
    cheats(
        "a masked array", "objects equal to everything: ndarray subclass", "", GRADED, 0,
        double="def double(x): return np.ma.masked_all(())",
    ),
    cheats("an array that looks up what is expected", "frame hacking", "", double=SPY, points=None, word=CANARY),
    *(
        cheats(f"the test's answers, from {where}", covers, "", GRADED, 0, double=LOOK_UP.format(text=text))
        for where, covers, text in (
            ("In", "reading the test: In", "In[-1]"),
            ("_ih", "reading the test: _ih", "get_ipython().user_ns['_ih'][-1]"),
            ("the history", "reading the test: history_manager", "get_ipython().history_manager.input_hist_raw[-1]"),
            ("linecache", "reading the test: linecache", "''.join([*__import__('linecache').cache.values()][-1][2])"),
            ("the frame", "reading the test: inspect.getsource", "inspect.getsource(sys._getframe(2))"),
        )
    ),
    cheats(
        "the test's answers, from its constants", "reading the test: co_consts", "", points=None, word=CANARY,
        double=(
            "import sys\ndef double(x):\n"
            "    numbers = [c for c in sys._getframe(1).f_code.co_consts if isinstance(c, int)]\n"
            "    return numbers[numbers.index(x) + 1]"
        ),
    ),
    cheats(
        "the names of the test changed in its frame", "frame hacking", "",
        points=None,
        double=(
            "import sys\ndef double(x):\n    sys._getframe(1).f_globals['check_close'] = lambda *a, **k: None\n"
            "    return 2"
        ), word=CANARY,
    ),
    cheats(
        "a check that is put back", "background threads", "", points=None, word=CANARY,
        double=(
            "import builtins\nimport course_utils.checks as c\nkeep = print\n"
            "loose = type('N', (), {k: getattr(np, k) for k in dir(np) if k[0] != '_'})\n"
            "loose.abs = lambda *a: np.float64(0)\n"
            "def put_back(*a, **k): c.np, builtins.print = np, keep\n"
            "def double(x):\n    c.np, builtins.print = loose, put_back\n    return 7"
        ),
    ),
]  # fmt: skip

# ── Errors that bite ────────────────────────────────────────────────────────────────────────────────────────────


def raising(name, error, points=1, word="", covers="evil exceptions", **options) -> Case:
    """A wrong function that raises something when it is tested."""
    *before, last = error.splitlines()
    return case(
        name, covers, {"double": "\n".join([*before, f"def double(x): raise {last}"])}, GRADED, points, word, **options
    )


ERRORS = [
    raising("BaseException", "BaseException('x')", covers="BaseException subclasses"),
    raising("a BaseException of its own", "class E(BaseException): pass\nE", covers="BaseException subclasses"),
    raising("KeyboardInterrupt", "KeyboardInterrupt", covers="BaseException subclasses"),
    raising("GeneratorExit", "GeneratorExit", covers="BaseException subclasses"),
    raising("the debugger's way to quit", "import bdb\nbdb.BdbQuit", covers="BaseException subclasses"),
    raising("CancelledError", "import asyncio\nasyncio.CancelledError", covers="BaseException subclasses"),
    raising("StopIteration", "StopIteration", covers="BaseException subclasses"),
    raising("a usage error", "from IPython.core.error import UsageError\nUsageError('x')"),
    raising("a syntax error", "SyntaxError('x')"),
    raising(
        "an exception group", "ExceptionGroup('x', [ValueError(1), ExceptionGroup('y', [TypeError(2)])])",
        covers="exception groups",
    ),
    raising(
        "an error without words", "class E(Exception):\n    def __str__(self): raise self\nE",
        covers="exceptions with evil __str__",
    ),
    raising(
        "an error whose words never end", "class E(Exception):\n    def __str__(self):\n        while True: pass\nE",
        covers="exceptions with evil __str__", slow=True,
    ),
    raising(
        "an error whose words are none", "class E(Exception):\n    def __str__(self): return 5\nE",
        covers="exceptions with evil __str__",
    ),
    raising(
        "an error whose words end the process",
        "import os\nclass E(Exception):\n    def __str__(self): os._exit(0)\nE", 1, "KernelDied",
        covers="exceptions with evil __str__",
    ),
    raising(
        "an error that renders itself", "class E(Exception):\n    def _render_traceback_(self): raise self\nE",
        covers="exceptions with evil _render_traceback_",
    ),
    raising(
        "an error that renders nothing", "class E(Exception):\n    def _render_traceback_(self): return None\nE",
        covers="exceptions with evil _render_traceback_",
    ),
    raising(
        "an error whose class has no name",
        "class M(type):\n    @property\n    def __name__(cls): raise SystemExit\n"
        "class E(Exception, metaclass=M): pass\nE",
    ),
    raising("an error that says it is another", "class E(Exception):\n    __class__ = property(lambda self: 1 / 0)\nE"),
    does(
        "an error that renders itself, in an answer", "exceptions with evil _render_traceback_",
        "class E(Exception):\n    def _render_traceback_(self): raise self\nraise E", 2,
    ),
    does(
        "an error that renders numbers, in an answer", "exceptions with evil _render_traceback_",
        "class E(Exception):\n    def _render_traceback_(self): return [1, None, '\\ud800']\nraise E", 2,
    ),
    does(
        "an error without words, in an answer", "exceptions with evil __str__",
        "class E(Exception):\n    def __str__(self): raise self\nraise E", 2,
    ),
    does("SyntaxWarning", "SyntaxWarning", "x = 1\nassert (x, 'always true')\nx is 1\n'\\d'"),
    does("syntax error", "evil exceptions", "def f(:", 2, "SyntaxError"),
    does("null bytes in what is run", "null bytes", "exec('a\\0b')", 2, "null bytes"),
    does(
        "a value that cannot be shown", "loop in __repr__",
        "class R:\n    def __repr__(self): raise SystemExit\ndisplay(R())", 2,
    ),
    does(
        "warnings made errors", "warnings on stderr",
        "import warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\nnp.set_printoptions(precision=0)",
    ),
]  # fmt: skip

# ── What is handed over to be scored outside ────────────────────────────────────────────────────────────────────


ONE_CASE = "def double(x): return 2 if x == 1 else 0"


def hands_over(name, covers, value, points=1, word="") -> Case:
    """The function that hands over is replaced; what comes out is `value`, or what it does."""
    code = f"import course_utils.handover as h\nh.hand_over = lambda **k: h.receiver({value})\n{ONE_CASE}"
    return case(name, covers, {"double": code}, GRADED, points, word, scored=True)


#: The spy where what is expected is not in its process.
OUTSIDE_SPY = """
import sys
class Spy:
    def __float__(self):
        frame = sys._getframe()
        while frame and 'expected' not in frame.f_locals: frame = frame.f_back
        return float(frame.f_locals['expected']) if frame else 0.0
def double(x): return 2 if x == 1 else Spy()
"""

HANDED = [
    case("handed over as it should be", "handed-over data", {}, GRADED, 3, scored=True),
    case(
        "nothing handed over", "handed-over data",
        {"double": "import course_utils.handover as h\nh.hand_over = print\ndef double(x): return 2 * x"}, GRADED, 1,
        scored=True,
    ),
    case(
        "a spy that finds nothing to look up", "frame hacking", {"double": OUTSIDE_SPY}, GRADED, 1,
        scored=True,
    ),
    case(
        "the wrong number", "handed-over data", {"double": "def double(x): return 2 if x == 1 else 0"}, GRADED, 1,
        "the secret answer was not met", scored=True,
    ),
    hands_over("a text", "handed-over data: dict of strings", "'all points'"),
    hands_over("texts", "handed-over data: dict of strings", "{'x': 'all points'}"),
    hands_over(
        "an array with a text for a shape", "handed-over data: dict of strings",
        "{'x': {'dtype': '<f8', 'shape': 'abc', 'data': ''}}",
    ),
    hands_over(
        "an array of objects", "pickles as results",
        "{'x': {'dtype': '|O', 'shape': [1], 'data': 'gASVAAAAAAAAAIwFcG9zaXi='}}",
    ),
    hands_over(
        "a pickle", "pickles as results",
        "__import__('base64').b64encode(__import__('pickle').dumps(print)).decode()",
    ),
    hands_over(
        "a shape of 10^30", "handed-over data: huge", "{'x': {'dtype': '<f8', 'shape': [10 ** 30], 'data': ''}}",
    ),
    hands_over(
        "a dtype of 10^9 letters", "handed-over data: wrong dtype",
        "{'x': {'dtype': '<U999999999', 'shape': [0], 'data': ''}}",
    ),
    hands_over(
        "a dtype that is a program", "handed-over data: wrong dtype",
        "{'x': {'dtype': '(2,)f8, (((f8', 'shape': [1], 'data': ''}}",
    ),
    hands_over(
        "a dtype of numbers", "handed-over data: wrong dtype",
        "{'x': {'dtype': {'names': ['a'], 'formats': [5]}, 'shape': [1], 'data': ''}}",
    ),
    hands_over(
        "less than nothing", "handed-over data: wrong dtype", "{'x': {'dtype': '<f8', 'shape': [-1], 'data': ''}}",
    ),
    hands_over(
        "not a number", "handed-over data: nan", "h.encode({'x': np.array(np.nan)})", 1,
        "the secret answer was not met",
    ),
    hands_over(
        "infinity", "handed-over data: nan", "h.encode({'x': np.array(np.inf)})", 1, "the secret answer was not met",
    ),
    hands_over("more than a message holds", "handed-over data: huge", "{'x': 'x' * 10_000_000}", 1, "KernelDied"),
    hands_over("many arrays", "handed-over data: huge", "{str(k): 0 for k in range(1000)}"),
    hands_over(
        "arrays in arrays", "handed-over data: huge",
        "__import__('functools').reduce(lambda a, _: {'x': a}, range(300), {})",
    ),
    case(
        "5 MB handed over", "handed-over data: huge",
        {"double": "def double(x): return 2 if x == 1 else np.zeros(700_000)"}, GRADED, 1, scored=True,
    ),
    case(
        "texts returned", "handed-over data: wrong dtype", {"double": "def double(x): return 2 if x == 1 else 'x'"},
        GRADED, 1, scored=True,
    ),
]  # fmt: skip

CASES = [
    *LOOPS, *MEMORY, *BOMBS, *ENDS, *RECURSION, *DISK, *OUTPUT, *NETWORK, *READING, *ESCAPES, *NOTEBOOKS, *FOLDERS,
    *FORGED, *TOOLS, *OBJECTS, *ERRORS, *HANDED,
]  # fmt: skip

TOPICS = {topic for case in CASES for topic in case.covers.split(", ")}


def first_of_each_kind(cases: list[Case]) -> set[str]:
    """The names of the cases that, one after the other, try something that none before them has tried."""
    seen: set[str] = set()
    names = set()
    for case in cases:
        topics = set(case.covers.split(", "))
        if not case.slow and not topics <= seen:
            names.add(case.name)
            seen |= topics
    return names


QUICK = first_of_each_kind(CASES)
