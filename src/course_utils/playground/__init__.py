"""What the book's playground has from the package: its jets, its pictures for print, and its directive.

The playground itself is JavaScript, in book/_static/playground/. `make playground` writes its jets and its pictures
again; `directive` is the Sphinx extension with which a page embeds it.
"""
