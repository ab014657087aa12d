"""The course for nbgrader: the instructor's notebooks are in solutions/, what students get is in exercises/."""

import os
import sys
from pathlib import Path

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    GetGrades,
    IncludeHeaderFooter,
    InstantiateTests,
    LimitOutput,
    LockCells,
    SaveCells,
)

from course_utils.grading.export import LinePerStudent
from course_utils.grading.feedback import TEMPLATES, Harmless, HideTests, render_markdown
from course_utils.grading.late import LatePenalty
from course_utils.grading.preprocessors import NoteHiddenTests, SandboxedExecute, SavePoints, WriteOutline
from course_utils.grading.received import Collect

c = get_config()  # noqa: F821

# nbgrader calls `alembic` by its name, and must find it also where the environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

root = Path(__file__).resolve().parent
c.CourseDirectory.course_id = "perceptrons-to-jets"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# scoring.py, beside an instructor's notebook, judges outside of the sandbox; it is not for students.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "scoring.py"]
# SQLite waits for a busy gradebook instead of giving up after five seconds; hub/kubernetes has another database.
c.CourseDirectory.db_url = os.environ.get("COURSE_GRADEBOOK", f"sqlite:///{root}/gradebook.db?timeout=60")

c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}

# nbgrader's own steps, and between them those that write the outline which students compare their file with.
c.GenerateAssignment.preprocessors = [
    IncludeHeaderFooter,
    InstantiateTests,
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCells,
    NoteHiddenTests,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,
    CheckCellMetadata,
    WriteOutline,
]

# Safe grading, also by nbgrader's own `autograde` and formgrader's button: submissions run in the course's sandbox; its
# limits are in course_utils.grading.sandbox.confine. A test cell that a student has deleted comes back and counts zero.
c.OverwriteCells.add_missing_cells = True
c.Autograde.autograde_preprocessors = [
    SandboxedExecute,
    LimitOutput,
    SavePoints,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.LimitOutput.max_lines = 1000

# Without it every kernel warns that it can be overheard on this machine.
c.KernelManager.transport_encryption = "auto"

# This exporter makes the feedback and formgrader's page of a submission: what a student wrote does not run in them.
c.HTMLExporter.preprocessors = [Harmless]
c.HTMLExporter.filters = {"markdown2html": render_markdown}
c.HTMLExporter.extra_template_basedirs = TEMPLATES

# Feedback shows which test failed, not what the hidden test says.
c.GenerateFeedback.preprocessors = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]

# When a submission came tells the clock of the exchange's file system, not the student's file. Lateness costs nothing
# unless you choose "per_day" or "zero"; due dates and extensions are nbgrader's.
if "COURSE_NGSHARE" in os.environ:  # on Kubernetes, where the exchange is a service (hub/kubernetes)
    from course_utils.hub.ngshare import use

    use(c)
else:
    c.ExchangeFactory.collect = Collect
c.AssignLatePenalties.plugin_class = LatePenalty
c.LatePenalty.penalty_method = "none"

# Marks for a learning platform: a line per student. `--exporter nbgrader.plugins.CsvExportPlugin` has nbgrader's own.
c.ExportApp.plugin_class = LinePerStudent
