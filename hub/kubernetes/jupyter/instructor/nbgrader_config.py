"""The instructor's side of nbgrader on Kubernetes: the course's own configuration, which knows of ngshare."""

import os

c = get_config()  # noqa: F821

load_subconfig("nbgrader_config.py", path=os.environ["COURSE_FOLDER"])  # noqa: F821
