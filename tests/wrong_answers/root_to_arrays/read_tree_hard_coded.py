"""
cell = "read"
loses = { test_read = 2 }
says = "jets"
"""


def read(path, tree, names):
    with uproot.open(path) as file:
        for name in names:
            if name not in file["jets"]:
                raise ValueError(name)
        return file["jets"].arrays(names, library="np")
