"""Notice when a submission has changed the tools that judge it.

It runs in the same process as the submission, which could change this too: it finds carelessness and simple tricks,
and makes the others laborious. What must not depend on it is scored outside (see `execute`).
"""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType, WrapperDescriptorType
from typing import Any

import course_utils

COMES_AND_GOES = {"exit", "quit", "get_ipython", "display", "_"}  # IPython's own, among the builtins while a cell runs
WATCHED = ("builtins", "course_utils.checks", "numpy", "IPython.core.interactiveshell", "IPython.core.ultratb")

# What decides a comparison. Not `__array_priority__`: it says who is asked, and an answer takes one of these.
COMPARISONS = {"__eq__", "__ne__", "__array_ufunc__", "__array_function__", "__instancecheck__", "__subclasscheck__"}
INSTALLED = (sys.prefix, sys.base_prefix, str(Path(course_utils.__file__).parent))
_members = type.__dict__["__dict__"].__get__  # of a class, past whatever its metaclass makes of `__dict__`
_name = type.__dict__["__name__"].__get__


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
        yield from self._dishonest_classes()

    def _dishonest_classes(self) -> Iterator[str]:
        """Classes of the submission whose objects say themselves what they are equal to.

        The fork server has frozen all that it has loaded (`gc.freeze`), so the collector lists what came later. If it
        does not list this snapshot any more, somebody else has frozen it too.
        """
        objects = gc.get_objects()
        if not any(thing is self for thing in objects):
            yield "gc.freeze was used"
        for cls in objects:
            if issubclass(type(cls), type) and not _is_installed(cls):
                members = _members(cls)
                if any(self._is_theirs(cls, members[name]) for name in COMPARISONS & members.keys()):
                    yield f"a class of the submission, {_name(cls)!r:.50}, answers comparisons itself"

    def _is_theirs(self, cls: type, method: Any) -> bool:
        """Whether a method in a class that is not installed is the work of the submission."""
        if type(method) is not FunctionType:
            in_c = type(method) is WrapperDescriptorType and method.__objclass__ is cls
            return not in_c and method is not None  # None stands for "do not ask me"
        file = method.__code__.co_filename
        if file == "<string>" and "__dataclass_params__" in _members(cls):
            return False
        return file not in self.shell.compile.tests and not file.startswith(INSTALLED)


def _same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


def _is_installed(cls: type) -> bool:
    """Whether a class is to be found under its own name in a module that lies in an installed package."""
    module = _members(cls).get("__module__")
    space: Any = sys.modules.get(module) if type(module) is str else None
    if not isinstance(space, ModuleType) or not str(space.__dict__.get("__file__")).startswith(INSTALLED):
        return False
    return space.__dict__.get(_name(cls)) is cls
