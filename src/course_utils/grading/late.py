"""What being late costs: nbgrader's due dates, extensions and penalty, by the time that `received` tells."""

from typing import NamedTuple

from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Enum, Float
from traitlets.config import Config

DAY = 24 * 60 * 60


class LatePenalty(LateSubmissionPlugin):
    """nbgrader's methods, and one more: a share of the points for each day that has begun."""

    penalty_method = Enum(
        ("none", "zero", "per_day"), default_value="none", help="none, zero: no points are left, or per_day"
    ).tag(config=True)
    percent_per_day = Float(20.0, min=0, max=100, help="of the points won; for per_day").tag(config=True)
    grace_minutes = Float(15.0, min=0, help="so much later is not late yet").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        late = total_seconds_late - 60 * self.grace_minutes
        if self.penalty_method == "none" or late <= 0:
            return None
        if self.penalty_method == "zero":
            return score
        days = -(-late // DAY)
        return min(score, score * days * self.percent_per_day / 100)


class Late(NamedTuple):
    seconds: float
    penalty: float
    score: float  #: of which it is taken, marks given by hand included


def plugin(config: Config) -> LateSubmissionPlugin:
    """The one that `nbgrader_config.py` has chosen."""
    chosen = AssignLatePenalties(config=config)
    chosen.init_plugin()
    return chosen.plugin_inst


def assess(book: Gradebook, submission: SubmittedAssignment, plugin: LateSubmissionPlugin) -> Late:
    """Set the penalties of a submission by what it has won, marks given by hand included; not committed."""
    book.db.flush()
    seconds, total, score = submission.total_seconds_late, 0.0, 0.0
    for notebook in submission.notebooks:
        book.db.refresh(notebook)
        penalty = plugin.late_submission_penalty(submission.student_id, notebook.score, seconds) if seconds else None
        notebook.late_submission_penalty = None if penalty is None else max(0.0, min(penalty, notebook.score))
        total += notebook.late_submission_penalty or 0.0
        score += notebook.score
    return Late(seconds, total, score)
