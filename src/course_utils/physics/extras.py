"""Packages that only some readers have installed: asked for by name, missed with one clear line."""

import importlib
from types import ModuleType


class MissingExtraError(ImportError):
    """A package that an optional part of the course needs is not installed; the message says how to get it."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook, show the line alone."""
        return [f"{type(self).__name__}: {self}"]


def require(*modules: str, extra: str) -> list[ModuleType]:
    """Import `modules`; if one is missing, raise `MissingExtraError` naming the `extra` that brings it.

    >>> [module.__name__ for module in require("json", extra="jets")]
    ['json']
    >>> require("jason", extra="ml")
    Traceback (most recent call last):
    course_utils.physics.extras.MissingExtraError: jason is not installed. In the course folder: pip install -e '.[ml]'
    """
    try:
        return [importlib.import_module(module) for module in modules]
    except ModuleNotFoundError as error:
        line = f"{error.name} is not installed. In the course folder: pip install -e '.[{extra}]'"
        raise MissingExtraError(line, name=error.name) from None
