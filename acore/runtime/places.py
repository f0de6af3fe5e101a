"""Where in its source something stands that compiled code does not tell."""

import ast
import dis
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType

from acore.runtime.reading import Body


def place_in(cls: type | Body, name: str) -> str:
    """Return `file:line` of what *cls* calls *name*, or of the class itself when it has no such line."""
    if isinstance(cls, Body):
        inner = {one.code.co_name: one for one in cls.inner()}
        found = inner.get(name, cls)
        return found.at(found.code.co_firstlineno)
    try:
        lines, first = inspect.getsourcelines(cls)
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return f"{cls.__module__}.{cls.__qualname__}"
    tree = ast.parse(textwrap.dedent("".join(lines)))
    named = (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
    return f"{file}:{first + next(named, 1) - 1}"


def place_of_default(function: FunctionType, name: str) -> str:
    """Return `file:line` of the value that *function*'s parameter *name* has when none is given."""
    first = function.__code__.co_firstlineno
    with suppress(OSError, TypeError, SyntaxError):
        tree = ast.parse(textwrap.dedent("".join(inspect.getsourcelines(function)[0])))
        for argument, default in _defaults(tree):
            if argument.arg == name:
                return Body.of(function).at(first + default.lineno - 1)
    return Body.of(function).at(first)


def place_of_assignment(function: FunctionType, name: str) -> str:
    """Return `file:line` where *function* assigns to an attribute called *name*; its own if it does not."""
    line = function.__code__.co_firstlineno
    for one in dis.get_instructions(function.__code__):
        if one.opname == "STORE_ATTR" and one.argval == name and one.positions:
            line = one.positions.lineno or line
    return Body.of(function).at(line)


def _defaults(tree: ast.AST) -> Iterator[tuple[ast.arg, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            yield from zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)
            for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                if default is not None:
                    yield argument, default
