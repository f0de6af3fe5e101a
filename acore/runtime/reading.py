"""What a function uses, read from its compiled code: exact about scope, and there when the source is not."""

import ast
import builtins
import dis
import inspect
import linecache
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MappingProxyType, ModuleType
from typing import Any, cast

import msgspec

from acore.record import Record
from acore.runtime.forbidden import is_shared_state, is_wall_clock, remedy_for

MISSING = object()
"""Stands for what a name does not stand for yet."""

_SILENT = frozenset({"CACHE", "EXTENDED_ARG", "PUSH_NULL", "NOP"})
# From Python 3.13 on, one instruction may load or store two variables.
_FAST = re.compile(r"(LOAD|STORE)_FAST")
_TELLING = frozenset(
    dis.opmap[name] for name in ("IMPORT_NAME", "GET_AWAITABLE", "GET_AITER", "STORE_GLOBAL", "DELETE_GLOBAL")
)
# What else than 0 the argument of GET_AWAITABLE is: 1 where an `async with` begins, 2 where it ends.
_ENTERS = 1
_SET = dis.opmap["STORE_ATTR"]
_OF_FUNCTIONS = frozenset(dir(FunctionType))


class Use(Record):
    """A path such as `dt.datetime.now`, with what each of its parts stands for.

    `line` is None where only a look at each instruction would tell it.
    """

    name: str
    values: tuple[object, ...]
    line: int | None
    is_global: bool = False


class Awaited(Record):
    """What a coroutine waits for: the expression, or in words what has none or cannot be read."""

    line: int
    expression: ast.expr | None = None
    words: str = ""


class Reading(Record):
    """What a function uses. `words` are all names in it, those of attributes too."""

    uses: tuple[Use, ...]
    awaited: tuple[Awaited, ...]
    rebound: tuple[tuple[str, int], ...]
    words: frozenset[str]


class Body:
    """A function's code, with the names that it sees."""

    def __init__(
        self, code: CodeType, names: dict[str, Any], cells: Mapping[str, CellType] | None = None
    ) -> None:
        self.code = code
        self.names = names
        self._cells = cells or {}
        self._further_down: dict[str, Body] | None = None

    @classmethod
    def of(cls, function: FunctionType) -> "Body":
        """Return the body of *function*."""
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        return cls(function.__code__, function.__globals__, cells)

    @property
    def is_coroutine(self) -> bool:
        """Whether calling it makes a coroutine."""
        return bool(self.code.co_flags & inspect.CO_COROUTINE)

    @property
    def parameters(self) -> frozenset[str]:
        """What it, and the functions inside it, are given."""
        found: set[str] = set()
        for code in codes(self.code):
            found.update(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        return frozenset(found)

    @property
    def is_function(self) -> bool:
        """Whether it is no class's body."""
        return bool(self.code.co_flags & inspect.CO_OPTIMIZED)

    def inner(self) -> Iterator["Body"]:
        """Yield the functions and classes directly inside it."""
        for const in self.code.co_consts:
            if isinstance(const, CodeType):
                yield Body(const, self.names)

    def at(self, line: int) -> str:
        """Return `file:line` of a *line* in it."""
        return f"{self.code.co_filename}:{line}"

    def place_of(self, use: Use) -> str:
        """Return `file:line` of what is used in it."""
        return self.at(self._first_line_of(use.name) if use.line is None else use.line)

    def _first_line_of(self, name: str) -> int:
        for code in codes(self.code):
            line = code.co_firstlineno
            for one in dis.get_instructions(code):
                line = (one.positions and one.positions.lineno) or line
                if one.argval == name:
                    return line
        return self.code.co_firstlineno

    def seen(self, name: str) -> object:
        """Return what *name* stands for in the function around it; `MISSING` when nothing does yet."""
        with suppress(KeyError, ValueError):
            return self._cells[name].cell_contents
        return MISSING

    def known(self, name: str) -> object:
        """Return what *name* stands for in its module or in Python, also when that comes further down."""
        if (found := self.names.get(name, MISSING)) is not MISSING:
            return found
        if (found := vars(builtins).get(name, MISSING)) is not MISSING:
            return found
        if self._further_down is None:
            self._further_down = _further_down(self.names)
        return self._further_down.get(name, MISSING)

    def resolve(self, path: ast.expr) -> object:
        """Return what a path such as `a.b.c` stands for."""
        match path:
            case ast.Name(id=name):
                for code in codes(self.code):
                    if code.co_name == name and code is not self.code:
                        return Body(code, self.names)
                return found if (found := self.seen(name)) is not MISSING else self.known(name)
            case ast.Attribute(value=owner, attr=name):
                return attribute(self.resolve(owner), name)
            case _:
                return MISSING


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield *code* and all code inside it: lambdas, inner functions and classes."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from codes(const)


def attribute(owner: object, name: str) -> object:
    """Return *owner*'s attribute *name*, without running anything of an object's own."""
    if owner is MISSING:
        return MISSING
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, MISSING)
    if isinstance(owner, type) and issubclass(owner, date):
        return getattr(owner, name, MISSING)  # bound, so that it can be told whose `now` it is
    return inspect.getattr_static(cast("object", owner), name, MISSING)


def read(body: Body) -> Reading:
    """Return what *body* uses, the functions inside it included."""
    uses: list[Use] = []
    awaited: list[Awaited] = []
    rebound: list[tuple[str, int]] = []
    cells: dict[str, object] = {}
    every = tuple(codes(body.code))
    words = frozenset(name for code in every for name in code.co_names)
    if (plain := _plain_uses(body, every, words)) is not None:
        return Reading(uses=plain, awaited=(), rebound=(), words=words)
    for code in every:
        walk = _Walk(body, code, cells)
        walk.go()
        uses += walk.uses
        awaited += walk.awaited
        rebound += walk.rebound
    return Reading(uses=tuple(uses), awaited=tuple(awaited), rebound=tuple(rebound), words=words)


def _plain_uses(body: Body, every: tuple[CodeType, ...], words: frozenset[str]) -> tuple[Use, ...] | None:
    """Return what *body* uses if that is plain at a glance: most code is, and a glance costs a tenth."""
    uses: list[Use] = []
    for code in every:
        operations = frozenset(code.co_code[::2])
        if code.co_flags & inspect.CO_ASYNC_GENERATOR or operations & _TELLING:
            return None
        sets = _SET in operations
        found = [(name, body.known(name)) for name in code.co_names]
        found += [(name, body.seen(name)) for name in code.co_freevars]
        for name, value in found:
            if value is not MISSING:
                if not _is_plain(value, words) or (sets and _may_be_set(value)):
                    return None
                uses.append(Use(name=name, values=(value,), line=None))
    return tuple(uses)


def _is_plain(value: object, words: frozenset[str]) -> bool:
    """Return whether it matters little where *value* stands: that it does is all there is to see."""
    if remedy_for(value) is not None or is_shared_state(value) or value is getattr:
        return False
    if isinstance(value, type):
        return not any(is_wall_clock(attribute(value, word)) for word in words)
    if isinstance(value, BuiltinFunctionType):
        return True
    if isinstance(value, FunctionType):
        return not vars(value) and words.isdisjoint(_OF_FUNCTIONS)
    if isinstance(value, Body):
        return value.is_function and words.isdisjoint(_OF_FUNCTIONS)
    return not callable(value) and not isinstance(value, ModuleType | tuple | frozenset | MappingProxyType)


def _may_be_set(value: object) -> bool:
    """Return whether somebody might set an attribute of *value* for all to see; of a message nobody does."""
    return (
        isinstance(value, type) and value.__module__ != "builtins" and not issubclass(value, msgspec.Struct)
    )


def _further_down(names: dict[str, Any]) -> dict[str, Body]:
    """Return the functions and classes of a module that is just being imported, those yet to come too."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_globals is names and frame.f_code.co_name == "<module>":
            inside = (const for const in frame.f_code.co_consts if isinstance(const, CodeType))
            return {code.co_name: Body(code, names) for code in inside}
        frame = frame.f_back
    return {}


class _Walk:
    """Goes through one code's instructions and follows the paths in it, such as `dt.datetime.now`."""

    def __init__(self, body: Body, code: CodeType, cells: dict[str, object]) -> None:
        self.uses: list[Use] = []
        self.awaited: list[Awaited] = []
        self.rebound: list[tuple[str, int]] = []
        self._body = body
        self._code = code
        self._cells = cells
        self._local: dict[str, object] = {}
        self._line = code.co_firstlineno
        self._path: list[str] = []
        self._values: list[object] = []
        self._is_global = False
        self._before: object = MISSING
        self._copied: tuple[str, object] = ("", MISSING)
        self._last = ""
        self._module: tuple[str, object] = ("", MISSING)

    def go(self) -> None:
        """Note what is used, awaited and rebound."""
        if self._code.co_flags & inspect.CO_ASYNC_GENERATOR:
            self.awaited.append(
                Awaited(line=self._code.co_firstlineno, words="between the steps of an async generator")
            )
        for one in dis.get_instructions(self._code):
            if one.opname not in _SILENT:
                self._line = (one.positions and one.positions.lineno) or self._line
                self._take(one)
                self._last = one.opname
        self._end()

    def _take(self, one: dis.Instruction) -> None:
        if fast := _FAST.findall(one.opname):
            self._take_variables(fast, one.argval)
        elif (take := _STEPS.get(one.opname)) is not None:
            take(self, one)
        else:
            self._end()

    def _take_variables(self, how: list[str], names: str | tuple[str, ...]) -> None:
        for step, name in zip(how, (names,) if isinstance(names, str) else names, strict=True):
            if step == "STORE":
                self._local[name] = self._value()
                self._end()
            else:
                self._begin(name, self._local.get(name, MISSING))

    def load_global(self, one: dis.Instruction) -> None:
        self._begin(one.argval, self._body.known(one.argval), is_global=True)

    def load_cell(self, one: dis.Instruction) -> None:
        self._begin(one.argval, self._cells.get(one.argval, self._body.seen(one.argval)))

    def load_attribute(self, one: dis.Instruction) -> None:
        self._extend(one.argval)

    def load_constant(self, one: dis.Instruction) -> None:
        if self._before is getattr and isinstance(one.argval, str):
            self._extend(one.argval)
        else:
            self._end()

    def import_module(self, one: dis.Instruction) -> None:
        # One that is not loaded yet is judged by its name.
        self._module = one.argval, sys.modules.get(one.argval) or ModuleType(one.argval)
        self._begin(*self._module)

    def import_from(self, one: dis.Instruction) -> None:
        if not self._path:
            self._begin(*self._module)
        self._extend(one.argval)

    def rebind(self, one: dis.Instruction) -> None:
        self._end()
        self.rebound.append((one.argval, self._line))

    def store_cell(self, one: dis.Instruction) -> None:
        self._cells[one.argval] = self._value()
        self._end()

    def copy(self, _one: dis.Instruction) -> None:
        """Note what `a.b += 1` goes back to at its end; the path goes on meanwhile."""
        self._copied = ".".join(self._path), self._value()

    def store_attribute(self, one: dis.Instruction) -> None:
        is_back = not self._path and self._last == "SWAP"
        path, owner = self._copied if is_back else (".".join(self._path), self._value())
        self._end()
        if isinstance(owner, type | ModuleType) or (isinstance(owner, Body) and not owner.is_function):
            self.rebound.append((f"{path}.{one.argval}", self._line))

    def wait(self, one: dis.Instruction) -> None:
        self._end()
        if one.arg == _ENTERS:
            self.awaited.append(Awaited(line=self._line, words="its turn in an `async with`"))
        elif one.arg == 0:
            expression = _expression(self._body, self._code, one.positions)
            self.awaited.append(Awaited(line=self._line, expression=expression))

    def loop(self, _one: dis.Instruction) -> None:
        self._end()
        self.awaited.append(Awaited(line=self._line, words="each step of an `async for`"))

    def _begin(self, name: str, value: object, *, is_global: bool = False) -> None:
        self._end()
        self._path, self._values, self._is_global = [name], [value], is_global

    def _extend(self, name: str) -> None:
        if self._path:
            self._path.append(name)
            self._values.append(attribute(self._values[-1], name))

    def _value(self) -> object:
        """Return what is about to get a name of its own."""
        if not self._values:
            return MISSING
        module, _, inner = self._path[0].partition(".")
        # `import a.b` binds a.
        return sys.modules.get(module, MISSING) if inner and len(self._path) == 1 else self._values[-1]

    def _end(self) -> None:
        known = [value for value in self._values if value is not MISSING]
        if known:
            name = ".".join(self._path[: len(known)])
            self.uses.append(Use(name=name, values=tuple(known), line=self._line, is_global=self._is_global))
        self._before = self._values[-1] if self._values else MISSING
        self._path, self._values = [], []


_STEPS: dict[str, Callable[[_Walk, dis.Instruction], None]] = {
    "LOAD_GLOBAL": _Walk.load_global,
    "LOAD_NAME": _Walk.load_global,
    "LOAD_FROM_DICT_OR_GLOBALS": _Walk.load_global,
    "LOAD_DEREF": _Walk.load_cell,
    "LOAD_CLASSDEREF": _Walk.load_cell,
    "LOAD_FROM_DICT_OR_DEREF": _Walk.load_cell,
    "LOAD_ATTR": _Walk.load_attribute,
    "LOAD_METHOD": _Walk.load_attribute,
    "LOAD_CONST": _Walk.load_constant,
    "IMPORT_NAME": _Walk.import_module,
    "IMPORT_FROM": _Walk.import_from,
    "STORE_GLOBAL": _Walk.rebind,
    "DELETE_GLOBAL": _Walk.rebind,
    "STORE_DEREF": _Walk.store_cell,
    "COPY": _Walk.copy,
    "STORE_ATTR": _Walk.store_attribute,
    "GET_AWAITABLE": _Walk.wait,
    "GET_AITER": _Walk.loop,
}


def _expression(body: Body, code: CodeType, place: dis.Positions | None) -> ast.expr | None:
    """Return what an `await` at *place* waits for; None when there is no source to read."""
    if place is None or place.lineno is None or place.end_col_offset is None:
        return None
    lines = linecache.getlines(code.co_filename, body.names)[place.lineno - 1 : place.end_lineno]
    raw = [line.encode() for line in lines]
    if not raw:
        return None
    raw[-1] = raw[-1][: place.end_col_offset]
    raw[0] = raw[0][place.col_offset :]
    with suppress(SyntaxError):
        tree = ast.parse(b"(" + b"".join(raw) + b"\n)", mode="eval")
        if isinstance(tree.body, ast.Await):
            return tree.body.value
    return None
