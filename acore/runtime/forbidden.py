"""What a decision may not use, since a replay could not repeat it, and what to do instead."""

import builtins
import sys
from collections import deque
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import BuiltinMethodType, FunctionType, MethodDescriptorType, MethodType, ModuleType

from acore.errors import AcoreError


class ForbiddenNameError(AcoreError):
    """A core actor or a rule uses something that a replay could not repeat."""

    def __init__(self, who: str, name: str, place: str, remedy: str) -> None:
        super().__init__(f"{who} uses {name} at {place}: {remedy}")


class SharedStateError(AcoreError):
    """A core actor or a rule uses something changeable that no restart empties and no replay fills."""

    def __init__(self, who: str, name: str, place: str, remedy: str) -> None:
        super().__init__(f"{who} uses {name}, which is shared by every run, at {place}: {remedy}")


class ForbiddenAwaitError(AcoreError):
    """A core actor waits for something other than the reply to what it asks."""

    def __init__(self, who: str, what: str, place: str, remedy: str) -> None:
        super().__init__(f"{who} awaits {what} at {place}: {remedy}")


class Remedy(StrEnum):
    """What a core actor does instead."""

    TIME = "take the instant from ctx.now, and wait with ctx.schedule"
    CHANCE = "take ids from ctx, and let who needs chance ask for it or derive it from ctx.message_id"
    TASKS = "await ctx.ask(…), wait with ctx.schedule, and leave tasks, threads and locks to an edge actor"
    OUTSIDE = "ask for what must be read, perform what touches the outside"
    TALK = "publish a fact, and let an edge actor that listens write it down"
    HIDDEN = "write out what is meant, so that it can be checked"
    SEED = "it differs from process to process; compare or sort by what the thing says itself"
    MEMORY = "when memory is freed differs from run to run; keep what is known in the state"
    SHARED = "keep it in the state, or make it a tuple, a frozenset or a MappingProxyType"
    AWAIT = "a core handler may await only ctx.ask(…), or a coroutine of its own that does"
    RULE = "a rule takes records and an instant, and reads, changes and awaits nothing else"


_MODULES = {
    Remedy.TIME: "time sched timeit",
    Remedy.CHANCE: "random secrets uuid numpy.random",
    Remedy.TASKS: (
        "asyncio anyio trio sniffio threading thread concurrent multiprocessing queue contextvars signal "
        "select selectors"
    ),
    Remedy.OUTSIDE: (
        "os posix nt posixpath ntpath pathlib io shutil tempfile glob fileinput mmap fcntl dbm shelve "
        "sqlite3 socket ssl socketserver urllib.request http.client http.server ftplib smtplib imaplib "
        "poplib subprocess posixsubprocess pty ctypes sys platform locale getpass pwd grp resource "
        "webbrowser atexit aiohttp aiosqlite discord dotenv httpx nextcord psutil requests urllib3"
    ),
    Remedy.TALK: "logging loguru syslog",
    Remedy.HIDDEN: "importlib runpy pkgutil",
    Remedy.MEMORY: "gc weakref",
}
FORBIDDEN_MODULES = {name: remedy for remedy, names in _MODULES.items() for name in names.split()}
"""By module, as Python or a library names it. Of their C halves the leading underscore is left out."""

_BUILTINS = {
    **dict.fromkeys(("open", "print", "input", "breakpoint"), Remedy.OUTSIDE),
    **dict.fromkeys(("exec", "eval", "compile", "globals", "__import__"), Remedy.HIDDEN),
    **dict.fromkeys(("hash", "id"), Remedy.SEED),
}
_PURE = frozenset(
    {"io.StringIO", "io.BytesIO", "pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath"}
)
_WALL_CLOCK = frozenset({"now", "utcnow", "today"})


def remedy_for(value: object) -> Remedy | None:
    """Return what to do instead of using *value*, whatever name it goes by; None when it may be used."""
    for name, remedy in _BUILTINS.items():
        if value is getattr(builtins, name):
            return remedy
    if is_wall_clock(value):
        return Remedy.TIME
    return None if is_pure(value) else _of_module(home_of(value))


def is_wall_clock(value: object) -> bool:
    """Return whether *value* is the `now` or `today` of a date, under whatever name."""
    return (
        isinstance(value, BuiltinMethodType)
        and isinstance(value.__self__, type)
        and issubclass(value.__self__, date)
        and value.__name__ in _WALL_CLOCK
    )


def is_pure(value: object) -> bool:
    """Return whether *value* belongs to the few things in a forbidden module that touch nothing."""
    kind = value if isinstance(value, type) else type(value)
    return f"{_plain(home_of(kind)).partition('.')[0]}.{kind.__qualname__}" in _PURE


def is_shared_state(value: object) -> bool:
    """Return whether *value* can change under everybody who knows it."""
    return isinstance(value, list | dict | set | bytearray | deque | Iterator)


def home_of(value: object) -> str:
    """Return the module that *value* comes from, or that its type does."""
    match value:
        case ModuleType():
            home = value.__name__
        case BuiltinMethodType():
            # `from random import random` is a method of a hidden generator and names no module of its own.
            owner = value.__self__
            home = value.__module__ or (owner if isinstance(owner, type) else type(owner)).__module__
        case MethodType():
            home = value.__func__.__module__
        case MethodDescriptorType():
            home = value.__objclass__.__module__
        case type() | FunctionType():
            home = value.__module__
        case _:
            home = type(value).__module__
    return str(home)


def is_followed(module: str, package: str) -> bool:
    """Return whether functions of *module* are looked into, not only at.

    Those of Python and of libraries are taken at their name: what they do inside is theirs, and looking
    for it would cost more than it finds. What *package* and acore say themselves is looked into wherever
    it is installed.
    """
    top = module.partition(".")[0]
    return top in {package, "acore"} or _is_own(module)


@cache
def _is_own(module: str) -> bool:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and not {"site-packages", "dist-packages"} & set(Path(file).parts)


@cache
def _of_module(name: str) -> Remedy | None:
    first, _, rest = _plain(name).partition(".")
    return FORBIDDEN_MODULES.get(first) or FORBIDDEN_MODULES.get(f"{first}.{rest.partition('.')[0]}")


def _plain(name: str) -> str:
    return name.lstrip("_")
