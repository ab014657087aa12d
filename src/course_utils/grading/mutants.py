"""Turn a test into one that must fail, to see whether it is still a judge.

A submission runs in the process that tests it, and can reach the judge. Whatever it does to have a wrong answer pass, a
test that asks for something else then passes too.
"""

import ast
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

OTHER = f"__import__({__name__!r}, fromlist=['other']).other"


def mutants(source: str, rng: random.Random) -> list[str]:
    """The test `source` with one of its judgments turned, for each that can be.

    Only those at the top level, or in a loop there, are turned: a test that passes has executed them.

    >>> for turned in mutants("assert f(2) > 3, 'small'\\ncheck_shape(W, (2,))", random.Random(1)):
    ...     print(turned, end="\\n\\n")
    assert not f(2) > 3, 'small'
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
    for block in _blocks(tree.body):
        for k, node in enumerate(block):
            if (turned := _turned(node, rng)) is not None:
                block[k] = turned
                found.append(ast.unparse(ast.fix_missing_locations(tree)))
                block[k] = node
    return found


def _blocks(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    yield body
    for node in body:
        if isinstance(node, ast.For | ast.With):
            yield from _blocks(node.body)


def other(expected: object) -> Any:
    """Numbers of the same shape that no tolerance takes for `expected`, a dict of them for a dict.

    >>> other([1.0, -2.0, np.inf])
    array([2.001e+03, 2.998e+03, 5.000e-01])
    """
    if isinstance(expected, Mapping):
        return {name: other(value) for name, value in expected.items()}
    e = np.asarray(expected, complex if np.iscomplexobj(expected) else float)
    return np.where(np.isfinite(e), e + 1000 * (1 + np.abs(e)), 0.5)


def _turned(node: ast.stmt, rng: random.Random) -> ast.stmt | None:
    """The statement asking for something else, if it is a judgment whose parts are in their usual places."""
    if isinstance(node, ast.Assert):
        return ast.Assert(_refuted(node.test, rng), node.msg)
    match node:
        case ast.Expr(ast.Call(ast.Name(name), [*args], keywords) as call) if name in CHECKS:
            changed = CHECKS[name](args, rng)
            return None if changed is None else ast.Expr(ast.Call(call.func, changed, keywords))
    return None


def _refuted(test: ast.expr, rng: random.Random) -> ast.expr:
    """What is false where `test` is true; for an equality also if something equals everything."""
    word = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=12))
    match test:
        case ast.Compare(left, [ast.Eq()], [_]):
            return ast.Compare(left, [ast.Eq()], [ast.Constant(word)])
        case ast.Compare(left, [ast.In()], [_]):
            return ast.Compare(left, [ast.In()], [ast.Tuple([ast.Constant(word)], ast.Load())])
    return ast.UnaryOp(ast.Not(), test)


Arguments = list[ast.expr]


def _replace(k: int, form: str) -> Callable[[Arguments, random.Random], Arguments | None]:
    """Put the argument number `k` into the expression `form`, as `_`; no change where it is given by name."""

    def change(args: Arguments, rng: random.Random) -> Arguments | None:
        if k >= len(args) or any(isinstance(arg, ast.Starred) for arg in args):
            return None
        new = _Substitute(args[k]).visit(ast.parse(form, mode="eval").body)
        return [*args[:k], new, *args[k + 1 :]]

    return change


class _Substitute(ast.NodeTransformer):
    def __init__(self, value: ast.expr) -> None:
        self.value = value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.value if node.id == "_" else node


CHECKS = {
    "check_close": _replace(1, f"{OTHER}(_)"),
    "check_gradient": _replace(2, f"{OTHER}(_)"),
    "check_shape": _replace(1, "(*_, 977)"),
    "check_between": _replace(1, "1e300"),
}
