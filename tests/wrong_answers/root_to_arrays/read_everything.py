"""
cell = "read"
loses = { test_read = 2 }
says = "expected the two that were asked for"
"""


def read(path, tree, names):
    with uproot.open(path) as file:
        for name in names:
            if name not in file[tree]:
                raise ValueError(name)
        return file[tree].arrays(library="np")
