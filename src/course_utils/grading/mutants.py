"""Turn a test into one that must fail, to see whether it is still a judge.

A submission runs in the process that tests it, and can reach the judge. Whatever it does to have a wrong answer pass, a
test that asks for something else then passes too.
"""

import ast
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

OTHER = f"__import__({__name__!r}, fromlist=['other']).other({{}})"
#: Of each check the argument that says what is expected, and the expression that takes its place.
CHECKS = {
    "check_close": (1, OTHER),
    "check_gradient": (2, OTHER),
    "check_shape": (1, "(*{}, 977)"),
    "check_between": (1, "1e300"),
    "check_choice": (1, "'none of these'"),
}


def mutants(source: str, rng: random.Random) -> list[str]:
    """The test `source` with one of its judgments turned, for each that can be; all else stays as it is written.

    Only those at the top level, or in a loop there, are turned: a test that passes has executed them.

    >>> for turned in mutants("assert f(2) > 3, 'small'\\ncheck_shape(W, (2,))", random.Random(1)):
    ...     print(turned, end="\\n\\n")
    assert not (f(2) > 3), 'small'
    check_shape(W, (2,))
    <BLANKLINE>
    assert f(2) > 3, 'small'
    check_shape(W, (*(2,), 977))
    <BLANKLINE>
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # IPython's own syntax
        return []
    found = []
    for statement in _executed(tree.body):
        if (judgment := _judgment(statement, rng)) is not None:
            node, form = judgment
            start, end = _place(source, node)
            text = source.encode()
            found.append((text[:start] + form.format(text[start:end].decode()).encode() + text[end:]).decode())
    return found


def other(expected: object) -> Any:
    """Numbers of the same shape that no tolerance takes for `expected`, a dict of them for a dict.

    >>> other([1.0, -2.0, np.inf])
    array([2.001e+03, 2.998e+03, 5.000e-01])
    """
    if isinstance(expected, Mapping):
        return {name: other(value) for name, value in expected.items()}
    e = np.asarray(expected, complex if np.iscomplexobj(expected) else float)
    return np.where(np.isfinite(e), e + 1000 * (1 + np.abs(e)), 0.5)


def _executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.For | ast.With):
            yield from _executed(node.body)


def _judgment(statement: ast.stmt, rng: random.Random) -> tuple[ast.expr, str] | None:
    """What to replace in a statement, and by what, so that what passed fails; None if it is no judgment."""
    word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=12))
    match statement:
        case ast.Assert(ast.Compare(_, [ast.Eq()], [expected])):  # fails also if something equals everything
            return expected, repr(word)
        case ast.Assert(ast.Compare(_, [ast.In()], [expected])):
            return expected, f"({word!r},)"
        case ast.Assert(test):
            return test, "not ({})"
        case ast.Expr(ast.Call(ast.Name(name), args)) if name in CHECKS:
            k, form = CHECKS[name]
            plain = k < len(args) and not any(isinstance(arg, ast.Starred) for arg in args)
            return (args[k], form) if plain else None
    return None


def _place(source: str, node: ast.expr) -> tuple[int, int]:
    """Where a node begins and ends in the source, in bytes."""
    lines = [len(line.encode()) + 1 for line in source.split("\n")]
    return (
        sum(lines[: node.lineno - 1]) + node.col_offset,
        sum(lines[: node.end_lineno - 1]) + node.end_col_offset,
    )
