"""Steps for `nbgrader_config.py`: a release with an outline of itself, and `autograde` in the course's sandbox."""

import base64
import secrets
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades

from course_utils.authoring import KERNELSPEC, LANGUAGE
from course_utils.grading import check, record, scoring
from course_utils.grading.course import imported, limits
from course_utils.grading.execute import execute
from course_utils.grading.sanitize import Sanitized
from course_utils.grading.verdict import fill
from course_utils.grading.worker import ALWAYS, sandbox

Resources = dict[str, Any]


class NoteHiddenTests(NbGraderPreprocessor):
    """When a release is made: note which cells have hidden tests, before they are taken out."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        resources["hidden_tests"] = [
            check.grade_id(cell) for cell in nb.cells if "### BEGIN HIDDEN TESTS" in cell.source
        ]
        return nb, resources


class WriteOutline(NbGraderPreprocessor):
    """When a release is made, at the end: write its outline into its metadata, for `course_utils.handin`."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        check.write_outline(nb, resources["nbgrader"]["notebook"], resources["hidden_tests"])
        return nb, resources


class SandboxedExecute(NbGraderPreprocessor):
    """In place of nbgrader's `Execute`: run the sanitized notebook in the sandbox, with the files beside it."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        name = f"{resources['nbgrader']['notebook']}.ipynb"
        files = check.read_files(Path(resources["metadata"]["path"]), name)
        files.pop(scoring.FILE, None)
        encoded = {path: base64.b64encode(data).decode() for path, data in files.items()}
        directory = CourseDirectory(config=self.config)
        source = Path(directory.format_path(directory.source_directory, ".", resources["nbgrader"]["assignment"]))
        ours = nbformat.read(source / name, as_version=4)
        modules = tuple(dict.fromkeys([*ALWAYS, *imported(ours)]))
        done = execute(sandbox(modules), Sanitized(nb, []).code(), encoded, limits(self.config), secrets.randbits(64))
        for alarm in done.alarms:
            self.log.warning("%s: %s: look at this submission yourself", resources["nbgrader"]["student"], alarm)
        resources["nbgrader"]["alarms"] = done.alarms
        nb.metadata = NotebookNode(kernelspec=KERNELSPEC, language_info=LANGUAGE)  # the student's may be anything
        scoring.score(fill(nb, done), done, scoring.load(source / scoring.FILE))
        return nb, resources


class SavePoints(SaveAutoGrades):
    """In place of nbgrader's `SaveAutoGrades`: text on stderr costs nothing, and an alarm makes every grade wait."""

    def preprocess_cell(self, cell: NotebookNode, resources: Resources, index: int) -> tuple[NotebookNode, Resources]:
        quiet = nbformat.from_dict(cell)
        if cell.cell_type == "code":
            quiet.outputs = record.deciding(cell)
        super().preprocess_cell(quiet, resources, index)
        return cell, resources

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_score(cell, resources)
        if resources["nbgrader"].get("alarms"):
            [grade_id, *where] = cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
            self.gradebook.find_grade(grade_id, *where).needs_manual_grade = True
            self.gradebook.db.commit()
