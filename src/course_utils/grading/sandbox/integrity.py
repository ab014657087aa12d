"""Notice when a submission has changed the tools that judge it.

It runs in the same process as the submission, which could change this too: it finds carelessness and simple tricks,
and makes the others laborious. What must not depend on it is scored outside (see `execute`).
"""

import sys
import threading
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

COMES_AND_GOES = {"exit", "quit", "get_ipython", "display", "_"}  # IPython's own, among the builtins while a cell runs
WATCHED = ("builtins", "course_utils.checks", "numpy", "IPython.core.interactiveshell", "IPython.core.ultratb")


def _state(value: Any) -> tuple[Any, ...]:
    """What of an object must stay the same: itself, and for a function what it does."""
    if isinstance(value, FunctionType):
        return value, value.__code__, value.__defaults__, value.__kwdefaults__
    return (value,)


class Snapshot:
    """The judging tools as they were before the submission ran: modules, the shell's class, and the shell itself."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.spaces: dict[str, tuple[Any, dict[str, tuple[Any, ...]]]] = {}
        for name in WATCHED:
            if isinstance(module := sys.modules.get(name), ModuleType):
                self._remember(name, module)
        for cls in type(shell).__mro__:
            if cls.__module__.startswith(("IPython", __package__)):
                self._remember(f"{cls.__module__}.{cls.__name__}", cls)
        self.hooks = self._hooks()

    def _remember(self, name: str, space: Any) -> None:
        self.spaces[name] = (
            space,
            {key: _state(value) for key, value in list(vars(space).items()) if key not in COMES_AND_GOES},
        )

    def _hooks(self) -> dict[str, Any]:
        """Places where code can put itself between a cell and its result."""
        manager = self.shell.input_transformer_manager
        return {
            "the AST transformers": list(self.shell.ast_transformers),
            "the input transformers": [
                *self.shell.input_transformers_post,
                *manager.cleanup_transforms,
                *manager.line_transforms,
                *manager.token_transformers,
            ],
            "the exception handlers": self.shell.custom_exceptions,
            "the shell's methods": sorted(
                key for key in vars(self.shell) if callable(getattr(type(self.shell), key, None))
            ),
            "sys.settrace": sys.gettrace(),
            "sys.setprofile": sys.getprofile(),
            "threading.settrace": threading.gettrace(),
            "threading.setprofile": threading.getprofile(),
        }

    def changes(self) -> Iterator[str]:
        """What is not as it was, in words."""
        for name, (space, then) in self.spaces.items():
            now = vars(space)
            for key, state in then.items():
                if key not in now or not _same(_state(now[key]), state):
                    yield f"{name}.{key} was replaced"
        hooks = self._hooks()
        for name, then in self.hooks.items():
            if hooks[name] != then:
                yield f"{name} were changed" if name.startswith("the") else f"{name} was used"


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
