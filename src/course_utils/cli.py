"""The `course` command. To add a subcommand: one `_add_…` function, listed in `COMMANDS`.

What a subcommand runs is imported when it runs, so that `course --help` costs nothing.
"""

import argparse
import sys
from collections.abc import Sequence

from course_utils import __version__
from course_utils.names import unknown_name


def main(argv: Sequence[str] | None = None) -> int:
    """Run `course` with the arguments `argv` (default: the command line's); returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="course", description="The tools of the course From Perceptrons to Jets.")
    parser.add_argument("--version", action="version", version=f"course {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="command", required=True)
    for add in COMMANDS:
        add(commands)

    name = next((argument for argument in arguments if not argument.startswith("-")), None)
    if name is not None and name not in commands.choices:
        parser.error(unknown_name("command", name, commands.choices))
    options = parser.parse_args(arguments)
    return options.run(options)


def _add_doctor(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        from course_utils import doctor

        return doctor.main(as_json=options.json)

    parser = commands.add_parser("doctor", help="check this machine: Python, packages, data, kernel, sandbox")
    parser.add_argument("--json", action="store_true", help="print one JSON object, for scripts")
    parser.set_defaults(run=run)


def _add_data(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        from course_utils.data import DataError, shipped_files

        try:
            listed = [(file, file.state()) for file in shipped_files()]
        except DataError as error:
            print(error, file=sys.stderr)
            return 1
        for file, state in listed:
            size = "–" if file.size is None else f"{file.size:,}"
            print(f"{file.name:40} {size:>12} bytes  {state:8} {file.license}  {file.origin}")
        damaged = [file.error(state) for file, state in listed if state != "ok"]
        for error in damaged:
            print(error, file=sys.stderr)
        return 1 if damaged else 0

    parser = commands.add_parser("data", help="list the data files: size, state, license, origin")
    parser.set_defaults(run=run)


def _add_notebooks(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        from course_utils import authoring

        return authoring.store_chapters(options.name)

    parser = commands.add_parser("notebooks", help="run chapters top to bottom in a fresh kernel and store them")
    parser.add_argument("name", nargs="*", help="which ones (default: all)")
    parser.set_defaults(run=run)


def _add_exercises(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        from course_utils import authoring

        return authoring.release_assignments(options.name)

    parser = commands.add_parser("exercises", help="make exercises/ from the instructor's notebooks in solutions/")
    parser.add_argument("name", nargs="*", help="which ones (default: all)")
    parser.set_defaults(run=run)


def _add_jets(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        arguments = {name: value for name, value in vars(options).items() if name != "run"}
        try:
            from course_utils.physics import generate
        except ImportError as error:
            print(error, file=sys.stderr)
            return 1
        return generate.main(**arguments)

    parser = commands.add_parser("jets", help="simulate jets with Pythia 8 and fastjet, into a ROOT file")
    parser.add_argument("--class", dest="jet_class", metavar="CLASS", help="q, g, W, Z, t or H (to b quarks)")
    parser.add_argument("--n", type=int, default=1000, help="how many jets (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same jets, value for value (default: 1)")
    parser.add_argument("--out", metavar="FILE", help="the ROOT file; <FILE>.shards/ holds what is done so far")
    parser.add_argument("--pt-min", type=float, default=500, metavar="GEV", help="default: 500")
    parser.add_argument("--pt-max", type=float, default=700, metavar="GEV", help="default: 700")
    parser.add_argument("--smear", action="store_true", help="see the particles with a simple detector")
    parser.add_argument("--workers", type=int, help="processes (default: one per core)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="work on this Dask cluster, such as tcp://host:8786")
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument("--sample", action="store_true", help="make the sample of the package again, nothing else")
    parser.set_defaults(run=run)


def _add_leaderboard(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        from course_utils import challenge

        return challenge.main(options.assignment, options.submitted, options.out)

    parser = commands.add_parser("leaderboard", help="rank the networks that students have entered for a challenge")
    parser.add_argument("assignment", help="such as numpy_mnist")
    parser.add_argument("--submitted", default="submitted", metavar="FOLDER", help="nbgrader's (default: submitted)")
    parser.add_argument("--out", default="leaderboard.csv", metavar="FILE", help="default: leaderboard.csv")
    parser.set_defaults(run=run)


def _add_grade(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        try:
            from course_utils.grading import command
        except ImportError as error:
            print(f"{error}. In the course folder: pip install -e '.[hub]'", file=sys.stderr)
            return 1
        return command.main(
            options.name,
            options.check,
            options.workers,
            options.scheduler,
            options.again,
            options.unsafe_no_sandbox,
        )

    parser = commands.add_parser(
        "grade", help="grade what was handed in for an assignment, in a sandbox", allow_abbrev=False
    )
    parser.add_argument("name", help="the assignment")
    parser.add_argument("--check", metavar="FILE", help="only look at this notebook, before it is handed in")
    parser.add_argument("--workers", type=int, help="processes (default: one per core)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="work on this Dask cluster, such as tcp://host:8786")
    parser.add_argument("--again", action="store_true", help="run also what has been graded before")
    parser.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run students' code with your own rights, where bubblewrap cannot be had and you trust every student",
    )
    parser.set_defaults(run=run)


def _add_hub(commands: "argparse._SubParsersAction") -> None:
    def run(options: argparse.Namespace) -> int:
        try:
            from course_utils.hub import command
        except ImportError as error:
            print(f"{error}. In the course folder: pip install -e '.[hub]'", file=sys.stderr)
            return 1
        return command.main(options)

    parser = commands.add_parser("hub", help="run a class on JupyterHub: see hub/README.md")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(title="commands", metavar="command", dest="action", required=True)
    demo = actions.add_parser("demo", help="start a class to try; it is gone when it ends")
    demo.add_argument("--stop", action="store_true", help="end the demo that runs, or clear up after a killed one")
    actions.add_parser("prepare", help="make the class's folder and the instructor's account")
    add_students = actions.add_parser("add-students", help="make accounts: all in the roster, or none")
    add_students.add_argument("roster", help="a CSV file with the columns id, first_name, last_name, email")
    release = actions.add_parser("release", help="make the students' version of an assignment and hand it out")
    release.add_argument("name", help="the assignment")
    release.add_argument("--again", action="store_true", help="replace the version that is out, for who fetches later")
    backup = actions.add_parser("backup", help="copy gradebook, submissions, exchange and the hub's state into a file")
    backup.add_argument("file", help="a .tar.gz that does not exist yet")
    restore = actions.add_parser("restore", help="bring a class back from a backup")
    restore.add_argument("file", help="the .tar.gz")
    restore.add_argument("--replace", action="store_true", help="put the class that is there aside first")
    new_term = actions.add_parser("new-term", help="put gradebook and submissions aside and begin with none")
    new_term.add_argument("name", help="of the term that ends, such as 2026-fall")


COMMANDS = (_add_doctor, _add_data, _add_jets, _add_grade, _add_hub, _add_notebooks, _add_exercises, _add_leaderboard)
