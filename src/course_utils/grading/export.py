"""`nbgrader export`: a line per student and a column per assignment, as learning platforms import marks."""

import csv
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, MissingEntry
from nbgrader.plugins import ExportPlugin
from traitlets import Unicode

from course_utils.grading.report import harmless

PERSON = ("id", "last_name", "first_name", "email")


class LinePerStudent(ExportPlugin):
    """Points after the penalty for being late; empty where a person has still to mark, so that no half mark is told."""

    missing = Unicode("", help="what stands where nothing was handed in, such as 0").tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        assignments = [each for each in gradebook.assignments if not self.assignment or each.name in self.assignment]
        students = [each for each in gradebook.students if not self.student or each.id in self.student]
        header = [*PERSON, *(f"{assignment.name} (of {assignment.max_score:g})" for assignment in assignments)]
        lines = []
        for student in students:
            person = [harmless(getattr(student, name) or "") for name in PERSON]
            lines.append([*person, *(self.points(gradebook, assignment, student.id) for assignment in assignments)])
        target = Path(self.to or "grades.csv")
        with target.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *lines])
        self.log.info(f"The points of {len(lines)} students are in {target}")

    def points(self, gradebook: Gradebook, assignment: Assignment, student: str) -> str:
        try:
            submission = gradebook.find_submission(assignment.name, student)
        except MissingEntry:
            return self.missing
        if submission.needs_manual_grade:
            self.log.warning(f"{student}: {assignment.name} has still to be marked by hand")
            return ""
        return f"{max(0.0, submission.score - submission.late_submission_penalty):g}"
