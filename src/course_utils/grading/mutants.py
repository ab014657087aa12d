"""Turn a test into one that must fail, to see whether it is still a judge.

A submission runs in the process that tests it, and can reach the judge. Whatever it does to have a wrong answer pass, a
test that asks for something else then passes too. So nothing tells a turned test from a real one: a number is turned
into another, a letter into another, and what is known from the release stays as it is.
"""

import ast
import random
import string
from collections.abc import Iterator
from typing import Any, NamedTuple

#: Of each check the argument to turn.
CHECKS = {"check_close": 1, "check_gradient": 0, "check_shape": 1, "check_between": 1, "check_choice": 1}
HIDDEN = "### BEGIN HIDDEN TESTS"
LETTERS = ("ABCD", string.ascii_uppercase, string.ascii_lowercase, string.digits)


class Mutant(NamedTuple):
    """A test that correct code fails."""

    source: str
    strict: bool  #: whether wrong code fails it too, but for a chance of one in thousands


def mutants(source: str, rng: random.Random) -> list[Mutant]:
    """The test `source` with one of its judgments turned, for each that can be; all else stays as it is written.

    Only those at the top level, or in a loop there, are turned: a test that passes has executed them. Where there are
    hidden tests, it is one of them: the others are known.

    >>> for mutant in mutants("assert f(2) > 3, 'small'\\ncheck_shape(W, (2,))", random.Random(1)):
    ...     print(mutant.source, end="\\n\\n")
    assert not (f(2) > 3), 'small'
    check_shape(W, (2,))
    <BLANKLINE>
    assert f(2) > 3, 'small'
    check_shape(W, (11,))
    <BLANKLINE>
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # IPython's own syntax
        return []
    text, found = source.encode(), []
    for statement in _executed(tree.body):
        if (node := _judgment(statement)) is not None:
            start, end = _place(source, node)
            turned, strict = _turned(statement, node, text[start:end].decode(), rng)
            found.append((start, Mutant((text[:start] + turned.encode() + text[end:]).decode(), strict)))
    first = text.find(HIDDEN.encode())
    return [turned for start, turned in found if start > first] or [turned for _, turned in found]


def other(value: Any, rng: random.Random) -> Any:
    """A value of the same form that no tolerance takes for `value`.

    >>> other([1, -2.5, "B", None], random.Random(1))
    [4, -8.7, 'C', None]
    """
    match value:
        case bool():
            return not value
        case int():
            return value + rng.randint(1 + abs(value), 4 * (1 + abs(value)))
        case float() | complex():
            return value + rng.choice((-1, 1)) * round(rng.uniform(1, 4) * (1 + abs(value)), 1)
        case str():
            return "".join(_other_letter(letter, rng) for letter in value)
        case list() | tuple() | set():
            return type(value)(other(item, rng) for item in value)
        case dict():
            return {key: other(item, rng) for key, item in value.items()}
    return value


def _other_letter(letter: str, rng: random.Random) -> str:
    kind = next((letters for letters in LETTERS if letter in letters), "")
    return rng.choice(kind.replace(letter, "") or letter)


def _executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.For | ast.With):
            yield from _executed(node.body)


def _judgment(statement: ast.stmt) -> ast.expr | None:
    """What to turn in a statement, so that what passed fails; None if it is no judgment."""
    match statement:
        case ast.Assert(ast.Compare(_, [ast.Eq() | ast.In()], [expected])):  # fails also if something equals everything
            return expected
        case ast.Assert(test):
            return test
        case ast.Expr(ast.Call(ast.Name(name), args)) if CHECKS.get(name, len(args)) < len(args):
            plain = not any(isinstance(arg, ast.Starred) for arg in args)
            return args[CHECKS[name]] if plain else None
    return None


def _turned(statement: ast.stmt, node: ast.expr, text: str, rng: random.Random) -> tuple[str, bool]:
    """What takes the place of `node`, with its `text`, so that what passed fails; and whether what failed does too."""
    if (literal := _other_literal(node, rng)) and not _is_call_of(statement, "check_between", "check_gradient"):
        return literal, False
    word = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 12)))
    size = round(rng.uniform(1.2, 4), 4)
    match statement:
        case ast.Assert(ast.Compare(_, [ast.In()], _)):
            return f"({word!r},)", True
        case ast.Assert(ast.Compare(_, [ast.Eq()], _)):
            return repr(word), True
        case ast.Assert():
            return f"not ({text})", False
        case ast.Expr(ast.Call(ast.Name("check_shape"))):
            return f"(*{text}, 2)", False
        case ast.Expr(ast.Call(ast.Name("check_between"))):
            return f"{rng.uniform(1, 9):.2f}e{rng.randint(9, 300)}", True
        case ast.Expr(ast.Call(ast.Name("check_gradient"))):
            return f"lambda p: {size} * ({text})(p)", True
    return f"(lambda e: e + {size} * (1 + np.abs(e)))(np.asarray({text}))", True


def _is_call_of(statement: ast.stmt, *names: str) -> bool:
    match statement:
        case ast.Expr(ast.Call(ast.Name(name))):
            return name in names
    return False


def _other_literal(node: ast.expr, rng: random.Random) -> str:
    try:
        value = ast.literal_eval(node)
    except ValueError:  # it is an expression
        return ""
    turned = other(value, rng)
    return "" if turned == value else repr(turned)


def _place(source: str, node: ast.expr) -> tuple[int, int]:
    """Where a node begins and ends in the source, in bytes."""
    lines = [len(line.encode()) + 1 for line in source.split("\n")]
    return (
        sum(lines[: node.lineno - 1]) + node.col_offset,
        sum(lines[: node.end_lineno - 1]) + node.end_col_offset,
    )
