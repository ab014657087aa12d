"""Help for a name that was typed wrong."""

import difflib
from collections.abc import Iterable


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """The message about a `name` that is not among the `known`: it suggests the closest, or lists them all.

    >>> unknown_name("assignment", "Perceptorn", ["perceptron", "backprop"])
    "Unknown assignment 'Perceptorn'. Did you mean perceptron?"
    >>> unknown_name("command", "fly", ["doctor", "data"])
    "Unknown command 'fly'. Choose from: data, doctor."
    """
    spelled = {option.lower(): option for option in known}
    close = difflib.get_close_matches(name.lower(), spelled, n=1)
    choices = ", ".join(sorted(spelled.values()))
    hint = f"Did you mean {spelled[close[0]]}?" if close else f"Choose from: {choices}."
    return f"Unknown {kind} {name!r}. {hint}"
