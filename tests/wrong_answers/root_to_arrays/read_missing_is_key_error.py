"""
cell = "read"
loses = { test_read = 2 }
says = "raises KeyInFileError"
"""


def read(path, tree, names):
    with uproot.open(path) as file:
        return {name: file[tree][name].array(library="np") for name in names}
