"""Refuses, when a core actor's class is made, the names that would make it impossible to replay."""

import ast
import inspect
import sys
import textwrap
from contextlib import suppress
from datetime import date
from types import FunctionType, ModuleType

from acore.errors import AcoreError

FORBIDDEN_MODULES = frozenset(
    {"asyncio", "anyio", "time", "random", "uuid", "os", "secrets", "threading"}
    # Where what `os` and `threading` offer says it comes from.
    | {"posix", "nt", "posixpath", "ntpath", "_thread"}
)
_FOUNDATIONS = frozenset({"builtins", "typing", "acore.runtime.actor"})
_FORBIDDEN_BUILTINS = frozenset({"open", "input", "exec", "eval", "__import__"})
_WALL_CLOCK = frozenset({"now", "utcnow", "today"})


class ForbiddenNameError(AcoreError):
    """A core actor's class uses something that a replay could not repeat."""

    def __init__(self, cls: str, name: str, place: str) -> None:
        super().__init__(
            f"{cls} uses {name} at {place}: take time and ids from ctx, ask for what must be read, "
            "perform what touches the outside"
        )


def refuse_forbidden_names(cls: type) -> None:
    """Check the source of the functions that *cls* itself defines.

    Raises:
        ForbiddenNameError: One of them names a forbidden module or function, also under an alias.
    """
    for owner in cls.__mro__:
        if owner.__module__ in _FOUNDATIONS:
            continue
        for name, value in vars(owner).items():
            if function := _function(value):
                _check(cls, function)
            elif not name.startswith("__") and _forbidden_object(name, value):
                raise ForbiddenNameError(cls.__qualname__, name, f"{owner.__module__}.{owner.__qualname__}")


def _function(value: object) -> FunctionType | None:
    """Return the function written in a class body, also under Python's own decorators."""
    for inside in ("__func__", "fget", "func"):  # staticmethod and classmethod, property, cached_property
        value = getattr(value, inside, value)
    return value if isinstance(value, FunctionType) else None


def _check(cls: type, function: FunctionType) -> None:
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):  # made in a shell or by a tool: there is no source to look at
        return
    tree = ast.parse(textwrap.dedent("".join(lines)))
    names = {**function.__globals__, **_enclosed(function), **_imported(tree)}
    for node in ast.walk(tree):
        if found := _forbidden(node, names):
            where = f"{function.__code__.co_filename}:{first + getattr(node, 'lineno', 1) - 1}"
            raise ForbiddenNameError(cls.__qualname__, found, where)


def _forbidden(node: ast.AST, names: dict[str, object]) -> str | None:
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        return next((m for m in modules if m.partition(".")[0] in FORBIDDEN_MODULES), None)
    if isinstance(node, ast.Name):
        if node.id in _FORBIDDEN_BUILTINS and node.id not in names:
            return node.id
        return _forbidden_object(node.id, names.get(node.id))
    if isinstance(node, ast.Attribute) and node.attr in _WALL_CLOCK:
        owner = _resolve(node.value, names)
        if isinstance(owner, type) and issubclass(owner, date):
            return ast.unparse(node)
    return None


def _resolve(node: ast.AST, names: dict[str, object]) -> object:
    """Return what `a.b.c` stands for; None when it is no such path."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_resolve(node.value, names), node.attr, None)
    return None


def _enclosed(function: FunctionType) -> dict[str, object]:
    """Return what *function* sees of the functions around it, as far as it is there already."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):
            found[name] = cell.cell_contents
    return found


def _imported(tree: ast.AST) -> dict[str, object]:
    """Return the names that imports inside *tree* bind."""
    found: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.asname or a.name: sys.modules.get(a.name) for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = sys.modules.get(node.module or "")
            found |= {a.asname or a.name: getattr(home, a.name, None) for a in node.names}
    return found


def _forbidden_object(name: str, value: object) -> str | None:
    if isinstance(value, ModuleType):
        home = value.__name__
    else:
        # `from random import random` is a method of a hidden generator and names no module of its own.
        home = getattr(value, "__module__", None) or type(getattr(value, "__self__", None)).__module__
    if isinstance(home, str) and home.partition(".")[0] in FORBIDDEN_MODULES:
        return name
    return None
