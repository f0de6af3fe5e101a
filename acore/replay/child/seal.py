"""Shuts a process off: from then on nothing outside can be touched, and no real time or chance be had.

An audit hook (PEP 578) cannot be taken away again, so only a process made for it is sealed. What Python's
built-in types read by themselves, as `datetime.now` does, no hook sees: actors that use them are refused
when their class is made.
"""

import inspect
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType, ModuleType
from typing import Any

from acore.errors import AcoreError
from acore.record import Record

# Audit events (https://docs.python.org/3.12/library/audit_events.html) by what they do outside.
_NETWORK = ("socket.", "ftplib.", "http.client.", "imaplib.", "poplib.", "smtplib.", "telnetlib.", "urllib.")
_PROGRAMS = (
    "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.",
    "webbrowser.", "_thread.", "ctypes.", "os.kill", "signal.pthread_kill",
)  # fmt: skip
_FILES = ("os.", "shutil.", "tempfile.", "sqlite3.", "glob.", "fcntl.", "mmap.", "syslog.", "ossaudiodev.")
# Of what begins like the above, these only look, or are what a look at the source itself needs.
_LOOKS = frozenset(
    {
        "os.fwalk", "os.getxattr", "os.listdir", "os.listxattr", "os.scandir", "os.walk", "glob.glob",
        "glob.glob/2", "sqlite3.connect/handle",
    }
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

# Functions whose answer no replay can repeat, with how many arguments make a plain conversion of them.
_UNREPEATABLE: tuple[tuple[ModuleType, str, tuple[str, ...], int | None], ...] = (
    (
        time,
        "asks for the time",
        (
            "clock_gettime", "clock_gettime_ns", "monotonic", "monotonic_ns", "perf_counter",
            "perf_counter_ns", "process_time", "process_time_ns", "thread_time", "thread_time_ns", "time",
            "time_ns",
        ),
        None,
    ),
    (time, "asks for the time", ("asctime", "ctime", "gmtime", "localtime"), 1),
    (time, "asks for the time", ("strftime",), 2),
    (time, "sleeps", ("sleep",), None),
    (
        random,
        "uses chance",
        (
            "betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss",
            "getrandbits", "lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint",
            "random", "randrange", "sample", "seed", "shuffle", "triangular", "uniform", "vonmisesvariate",
            "weibullvariate", "_urandom",
        ),
        None,
    ),
    (uuid, "uses chance", ("uuid1", "uuid4"), None),
    (os, "uses chance", ("getrandom", "urandom"), None),
    (
        secrets,
        "uses chance",
        ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"),
        None,
    ),
)  # fmt: skip


class Breach(Record):
    """Something that a replay may not do and was tried. It did not happen.

    Attributes:
        deed: What was tried, in words, to be read after who tried it.
        what: The function or the event, with what it was about.
        place: File and line of who tried it, and the function's name.
    """

    deed: str
    what: str
    place: str


class BreachError(AcoreError):
    """Code that is replayed reached for something outside, for the time, or for chance."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(
            f"{breach.place} {breach.deed} ({breach.what}), which no replay may: it would be another each "
            "time, or happen again"
        )
        self.breach = breach


class Seal:
    """What shuts this process off; made before the code to be replayed is imported, closed after it."""

    def __init__(self) -> None:
        """Put something in the place of each function of time and chance, which asks whether it is closed."""
        self._is_closed = False
        self._allowed: frozenset[str] = frozenset()
        self._breaches: list[Breach] = []
        for module, deed, names, converts_from in _UNREPEATABLE:
            for name in names:
                if (function := getattr(module, name, None)) is not None:
                    setattr(module, name, self._minding(function, module, name, deed, converts_from))
        # A generator of one's own is repeatable if it is given a seed.
        seeding = random.Random.seed

        def seed(generator: random.Random, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - what it takes
            if self._is_closed and (*args, *kwargs.values())[:1] in {(), (None,)}:
                self._refuse("uses chance", "random.Random")
            seeding(generator, *args, **kwargs)

        setattr(random.Random, "seed", seed)  # noqa: B010 - type checkers refuse to see it assigned

    def close(self, *databases: str) -> None:
        """Shut this process off for good.

        Args:
            databases: What may still be opened with SQLite, word for word.
        """
        self._allowed = frozenset(databases)
        sys.dont_write_bytecode = True
        self._is_closed = True
        sys.addaudithook(self._heed)

    def taken(self) -> tuple[Breach, ...]:
        """Return what was tried since the last time, also what whoever tried it made nothing of."""
        found = tuple(self._breaches)
        self._breaches.clear()
        return found

    def _minding[R](
        self,
        function: Callable[..., R],
        module: ModuleType,
        name: str,
        deed: str,
        converts_from: int | None,
    ) -> Callable[..., R]:
        @wraps(function)
        def minded(*args: Any, **kwargs: Any) -> R:  # noqa: ANN401 - whatever it takes
            if self._is_closed and (converts_from is None or len(args) < converts_from):
                self._refuse(deed, f"{module.__name__}.{name.lstrip('_')}")
            return function(*args, **kwargs)

        return minded

    def _heed(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            if flags & _WRITES or (mode and set(mode) & set("wax+")):
                self._refuse("writes to a file", f"open {path!r}")
            return
        if event in _LOOKS or (event == "sqlite3.connect" and args[0] in self._allowed):
            return
        for deed, kinds in (
            ("reaches for the network", _NETWORK),
            ("starts something", _PROGRAMS),
            ("changes files", _FILES),
        ):
            if event.startswith(kinds):
                about = f" {args[0]!r}" if args and isinstance(args[0], str | bytes | os.PathLike) else ""
                self._refuse(deed, f"{event}{about}")

    def _refuse(self, deed: str, what: str) -> None:
        breach = Breach(deed=deed, what=what, place=place_of(inspect.currentframe()))
        self._breaches.append(breach)
        raise BreachError(breach)


def place_of(frame: FrameType | None) -> str:
    """Return where in code of nobody's library *frame* came from; where it is when that is nowhere."""
    own = next((one for one in _outwards(frame) if not _is_library(one)), frame)
    if own is None:
        return "unknown code"
    return f"{own.f_code.co_filename}:{own.f_lineno} ({own.f_code.co_qualname})"


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_library(frame: FrameType) -> bool:
    module = str(frame.f_globals.get("__name__"))
    if module == __name__ or module.partition(".")[0] in sys.stdlib_module_names - {"__main__"}:
        return True
    return "site-packages" in frame.f_code.co_filename or frame.f_code.co_filename.startswith("<frozen")
