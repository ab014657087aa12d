"""The course for nbgrader: the instructor's notebooks are in solutions/, what students get is in exercises/."""

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

c = get_config()  # noqa: F821

# nbgrader calls `alembic` by its name, and must find it also where the environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

root = Path(__file__).resolve().parent
c.CourseDirectory.course_id = "perceptrons-to-jets"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# SQLite waits for a busy gradebook instead of giving up after five seconds.
c.CourseDirectory.db_url = f"sqlite:///{root}/gradebook.db?timeout=60"

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}

# Safe grading. A test cell that a student has deleted comes back and counts zero; a `skip-execution` tag does not
# make a cell count as passed; an endless loop costs its own cell; a flood of output is cut.
c.OverwriteCells.add_missing_cells = True
c.Execute.skip_cells_with_tag = "no-cell-is-skipped-when-grading"
TIMEOUT_MESSAGE = "this cell ran longer than the grader allows. Is there a loop that never ends?"
c.Execute.timeout = 60
c.Execute.interrupt_on_timeout = True
c.Execute.error_on_timeout = {
    "ename": "Timeout",
    "evalue": TIMEOUT_MESSAGE,
    "traceback": [f"Timeout: {TIMEOUT_MESSAGE}"],
}
c.LimitOutput.max_lines = 1000

# Without it every kernel warns that it can be overheard on this machine.
c.KernelManager.transport_encryption = "auto"

# Feedback shows which test failed, not what the hidden test says.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]
