"""How the jets of this course were made: collisions by Pythia 8, jets by fastjet, files by uproot.

`branches` says what is in a file, `events` makes jets, `features` computes their substructure, `files` writes and
reads them, `generate` runs it all on many cores, and `sample` makes the file that ships with the package.
"""
