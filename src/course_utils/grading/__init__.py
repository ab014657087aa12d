"""Autograding for nbgrader's courses: check → sanitize → execute → record → report.

`check` looks at what was handed in, `sanitize` makes the notebook that is run, `execute` runs it in the sandbox of
`sandbox`, `record` writes into nbgrader's gradebook, `report` tells. `engine` joins them, on the workers of a Dask
cluster. Needs nbgrader (extra `hub`) and bubblewrap.
"""
