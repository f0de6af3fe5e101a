"""Refuses, when a core actor's class is made, the names that would make it impossible to replay."""

import ast
import inspect
import sys
import textwrap
from types import FunctionType, ModuleType

from acore.errors import AcoreError

FORBIDDEN_MODULES = frozenset({"asyncio", "anyio", "time", "random", "uuid", "os", "secrets", "threading"})
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
    for function in vars(cls).values():
        if isinstance(function, FunctionType):
            _check(cls, function)


def _check(cls: type, function: FunctionType) -> None:
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):  # made in a shell or by a tool: there is no source to look at
        return
    names = {**vars(sys.modules[function.__module__]), **inspect.getclosurevars(function).nonlocals}
    for node in ast.walk(ast.parse(textwrap.dedent("".join(lines)))):
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
    if isinstance(node, ast.Attribute) and node.attr in _WALL_CLOCK and isinstance(node.value, ast.Name):
        owner = names.get(node.value.id)
        if getattr(owner, "__module__", None) == "datetime" or getattr(owner, "__name__", "") == "datetime":
            return f"{node.value.id}.{node.attr}"
    return None


def _forbidden_object(name: str, value: object) -> str | None:
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    if isinstance(home, str) and home.partition(".")[0] in FORBIDDEN_MODULES:
        return name
    return None
