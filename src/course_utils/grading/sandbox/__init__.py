"""Where a submission runs: a process that sees the system, the course's packages and the student's files, no more.

`launch` starts, on the outside, a fork server behind bubblewrap (`view` says what it can see). Inside, `server` has
imported what the assignment needs and forks once per submission; each fork is `confine`d further, in namespaces and
limits of its own, before it runs a line of the student's, in the notebook kernel of `kernel`. Between inside and
outside there is one Unix socket per submission, whose format is in `wire`.
"""
