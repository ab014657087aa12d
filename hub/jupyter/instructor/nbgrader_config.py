"""The instructor's side of nbgrader: the course's own configuration, and where the exchange is."""

import os

c = get_config()  # noqa: F821

load_subconfig("nbgrader_config.py", path=os.environ["COURSE_FOLDER"])  # noqa: F821
c.Exchange.root = os.environ["COURSE_EXCHANGE"]
