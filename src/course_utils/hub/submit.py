"""A student's *Submit*: not without a look at the file, and all or nothing.

nbgrader's own copies into the exchange file by file. A server that dies meanwhile, or a disk that is full, then leaves
half a submission there, and the next collecting takes it for the student's last word.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.exchange.default import ExchangeSubmit

from course_utils.grading.check import ERROR, check

READ_BY_ALL, OPEN_TO_ALL = 0o644, 0o777


class Submit(ExchangeSubmit):
    def copy_files(self) -> None:
        self.init_release()
        self.refuse_what_cannot_be_graded()
        handed_in = Path(self.inbound_path, self.assignment_filename)
        receipt = Path(self.cache_path, self.assignment_filename.rpartition("+")[0])
        secret = secrets.token_hex(64)  # who knows it can read the feedback
        try:
            with self.laid_out(receipt, secret) as kept, self.laid_out(handed_in, secret) as copy:
                for path in (copy, *copy.rglob("*")):
                    path.chmod(OPEN_TO_ALL if path.is_dir() else READ_BY_ALL)  # the instructor may tidy up
                copy.rename(handed_in)
                kept.rename(receipt)
        except (OSError, RuntimeError) as error:  # nbgrader's own word for too much is a RuntimeError
            self.fail(
                f"{self.coursedir.assignment_id} is not handed in, and your files are as they were: {first_of(error)}. "
                "Tell your instructor, or try again later."
            )
        self.log.info(f"Submitted as: {self.coursedir.course_id} {self.coursedir.assignment_id} {self.timestamp}")

    def refuse_what_cannot_be_graded(self) -> None:
        for release in sorted(Path(self.release_path).glob("*.ipynb")):
            for finding in check(Path(self.src_path, release.name), release):
                if finding.severity == ERROR:
                    self.fail(f"{self.coursedir.assignment_id} is not handed in: {finding.message}.")

    @contextmanager
    def laid_out(self, target: Path, secret: str) -> Iterator[Path]:
        """A whole copy of the student's folder beside `target`, where nothing looks for it; gone in the end."""
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = target.with_name(f".{target.name}")
        try:
            self.do_copy(self.src_path, str(folder))
            (folder / "timestamp.txt").write_text(self.timestamp)
            (folder / "submission_secret.txt").write_text(secret)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def first_of(error: Exception) -> str:
    """What the system said first: copying a folder goes on after an error, and tells of all at once."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2]).partition("] ")[2] or str(error)
    return getattr(error, "strerror", None) or str(error)
