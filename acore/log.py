"""Logging: loguru to a stream and a file, the standard library's logging taken in, secrets masked."""

import inspect
import logging
import math
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from json import dumps
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, cast
from urllib.parse import quote

import loguru
from loguru import logger

_MASK = "***"
# A shorter text is found in too many innocent words.
_SHORTEST_SECRET = 6

# A bot token is base64 of the user's id (digits begin with M, N or O), base64 of a time, and a signature.
_BOT_TOKEN = r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"  # noqa: S105 - it finds tokens
# An interaction token is base64 of "interaction:", the id and a signature.
_INTERACTION_TOKEN = r"aW50ZXJhY3Rpb246[A-Za-z0-9_=-]+"  # noqa: S105 - it finds tokens
# Discord's paths: /webhooks/{id}/{token}, /interactions/{id}/{token}/callback.
_TOKEN_IN_PATH = r"(?<=/)(?P<place>(?:webhooks|interactions)/[0-9]+/)[^/\s?#\"'<>]+"  # noqa: S105 - it finds tokens
# What libraries show of payloads: "token": "…", in JSON or as Python writes a dict.
_TOKEN_IN_PAYLOAD = r"""(?P<key>["']token\\?["']\s*:\s*\\?["'])[^"'\\]+"""  # noqa: S105 - it finds tokens
# nextcord shows the beginning of the token in its warnings.
_TOKEN_BEGINNING = r"(?<=Bot )\S+\[redacted\]"  # noqa: S105 - it finds tokens
# Each by itself is looked for by the characters that it begins with; all in one take ten times as long.
_TOKENS = (
    (re.compile(_TOKEN_IN_PATH), rf"\g<place>{_MASK}"),
    (re.compile(_TOKEN_IN_PAYLOAD), rf"\g<key>{_MASK}"),
    (re.compile(_TOKEN_BEGINNING), _MASK),
    (re.compile(_BOT_TOKEN), _MASK),
    (re.compile(_INTERACTION_TOKEN), _MASK),
)

# systemd sets the first two for a service (systemd.exec(5)), Kubernetes the third.
_SERVICE_VARIABLES = ("JOURNAL_STREAM", "INVOCATION_ID", "KUBERNETES_SERVICE_HOST")
# Docker and Podman leave these in a container.
_CONTAINER_FILES = (".dockerenv", "run/.containerenv")

# What these say of every request and every payload is for who debugs them.
_TALKATIVE = ("nextcord", "aiohttp", "aiosqlite", "asyncio")

_PASSED_THROUGH = {logging.__file__, warnings.__file__, __file__}

# What is secret for now: the bot's token, and those of the interactions that are not answered yet.
_kept: tuple[str, ...] = ()

type Masker = Callable[[str], str]


def keep_secret(text: str) -> None:
    """Have `masked` hide *text* until `forget_secret`: whatever quotes others goes through it."""
    global _kept  # noqa: PLW0603 - replaced as a whole, since other threads log meanwhile
    if len(text) >= _SHORTEST_SECRET:
        _kept = (*_kept, text)


def forget_secret(text: str) -> None:
    """Take back one `keep_secret` of *text*; harmless when there was none."""
    global _kept  # noqa: PLW0603 - as above
    if text in _kept:
        place = _kept.index(text)
        _kept = _kept[:place] + _kept[place + 1 :]


def masked(text: str) -> str:
    """Return *text* with kept secrets, and what looks like a Discord token, replaced by `***`."""
    for secret in _kept:
        text = text.replace(secret, _MASK)
    for pattern, instead in _TOKENS:
        text = pattern.sub(instead, text)
    return text


def masker(secrets: Iterable[str]) -> Masker:
    """Return a function that replaces each of *secrets*, and what looks like a Discord token, by `***`.

    Args:
        secrets: Texts to hide. Those shorter than 6 characters are left alone: they occur in innocent words.
    """
    forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)}
    if not forms:
        return masked
    # The longest first: where one secret begins with another, the whole of it goes.
    known = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
    return lambda text: masked(known.sub(_MASK, text))


def _forms(secret: str) -> set[str]:
    """Return how a secret may stand in a log: as it is, in a repr, in JSON, in a URL."""
    in_json = {dumps(secret)[1:-1], dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, repr(secret)[1:-1], quote(secret, safe="", errors="backslashreplace"), *in_json}


def under_service_manager(
    environ: Mapping[str, str], *, terminal: bool = False, root: Path = Path("/")
) -> bool:
    """Return whether somebody else collects the output: systemd, Docker, Podman or Kubernetes.

    Args:
        environ: The process environment.
        terminal: Whether a person's terminal is on stderr. Shells of a desktop inherit systemd's variables,
            so with a terminal they say nothing.
        root: The file system's root.
    """
    if any((root / name).exists() for name in _CONTAINER_FILES):
        return True
    return not terminal and any(name in environ for name in _SERVICE_VARIABLES)


def configure(
    *,
    level: str,
    to_file: Path | None = None,
    max_bytes: int = 10_485_760,
    backups: int = 5,
    to_stdout: bool = False,
    secrets: Iterable[str] = (),
    json: bool = False,
    colour: bool = True,
) -> "Logging":
    """Start logging to a stream and, if asked, a file; take in what the standard library's logging is told.

    This is for a process of acore's own: until `close`, the root logger's handlers are set aside. Of loguru's
    sinks only the default one is replaced.

    Args:
        level: The least important level that is logged: TRACE, DEBUG, INFO, WARNING, ERROR or CRITICAL.
        to_file: The log file; its directory is made. If it cannot be written, stderr says so once.
        max_bytes: Size in bytes at which a new file is begun.
        backups: How many earlier files are kept, as `name.1` (the newest), `name.2` and so on.
        to_stdout: Write to stdout instead of stderr, for a service manager or container.
        secrets: Texts that are masked wherever they occur; see `masker`.
        json: Write one JSON object a line instead of text.
        colour: Whether a terminal gets colours.

    Returns:
        A handle to change the level and to stop.

    Raises:
        ValueError: The level is not known.
    """
    logger.level(level)
    mask = masker(secrets)
    outputs: list[_Output] = []
    name = "stdout" if to_stdout else "stderr"
    # Python has none when the process was started with it closed.
    if getattr(sys, name) is not None:
        outputs.append(_StreamOutput(name, mask, json=json, colour=colour))
    if to_file is not None:
        outputs.append(_FileOutput(to_file, max_bytes, backups, mask, json=json))
    return Logging(outputs, level)


class Logging:
    """What `configure` started.

    Args:
        outputs: Where lines go; closed with this.
        level: The least important level that is logged.
    """

    def __init__(self, outputs: Iterable["_Output"], level: str) -> None:
        self._outputs = tuple(outputs)
        self._root_before = (logging.root.handlers[:], logging.root.level)
        self._libraries = {library: library.level for library in map(logging.getLogger, _TALKATIVE)}
        _remove(0)  # loguru's default output to stderr, if it is still there
        logging.root.handlers[:] = [_Inbound()]
        logging.captureWarnings(capture=True)
        self._sinks = tuple(self._add(output, level) for output in self._outputs)
        self.set_level(level)

    def set_level(self, level: str) -> None:
        """Log from *level* on, at once; what lies below costs one comparison a call.

        Raises:
            ValueError: The level is not known; nothing has changed.
        """
        number = logger.level(level).no
        # loguru has no way to change a sink's level. With another sink in its place, a line would be lost
        # that a thread had begun to hand to the sinks of before; so this does to levels what its own `add`
        # and `remove` do.
        core = cast("Any", logger)._core  # noqa: SLF001 - as above
        with core.lock:
            for sink in core.handlers.keys() & self._sinks:
                core.handlers[sink]._levelno = number  # noqa: SLF001 - as above
            core.min_level = min((one.levelno for one in core.handlers.values()), default=math.inf)
        logging.root.setLevel(number)
        for library, itself in self._libraries.items():
            library.setLevel(max(itself, _quieter(number)))

    def close(self) -> None:
        """Stop logging, close the file, and give the standard library's logging back as it was."""
        for sink in self._sinks:
            _remove(sink)
        self._sinks = ()
        for output in self._outputs:
            output.close()
        logging.captureWarnings(capture=False)
        logging.root.handlers[:], level = self._root_before
        logging.root.setLevel(level)
        for library, itself in self._libraries.items():
            library.setLevel(itself)

    def _add(self, output: "_Output", level: str) -> int:
        # diagnose would print the values of variables; backtrace frames that say nothing new.
        return logger.add(
            output,
            level=level,
            format=_template,
            diagnose=False,
            backtrace=False,
        )


def _quieter(level: int) -> int:
    """Return the level for libraries: one step quieter: at theirs they tell every payload."""
    return next((one for one in (logging.DEBUG, logging.INFO, logging.WARNING) if one > level), level)


def _remove(sink: int) -> None:
    try:
        logger.remove(sink)
    except ValueError:
        return  # somebody else removed it: gone is what was wanted


def _template(record: "loguru.Record") -> str:
    extra = " <dim>{extra}</dim>" if record["extra"] else ""
    return (
        "{time:YYYY-MM-DD HH:mm:ss.SSS!UTC}Z <level>{level: <8}</level> "
        f"{_origin(record)}<level>{{message}}</level>{extra}\n{{exception}}"
    )


def _origin(record: "loguru.Record") -> str:
    """Return who speaks: an operator reads sentences, who debugs wants the line, a library is named."""
    if record["level"].no <= logging.DEBUG:
        return "<dim>{name}:{function}:{line}</dim> "
    return "" if str(record["name"]).startswith("acore.") else "<dim>{name}:</dim> "


def _as_json(record: "loguru.Record") -> str:
    line: dict[str, object] = {
        "time": record["time"].astimezone(UTC).isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "name": record["name"],
        "function": record["function"],
        "line": record["line"],
        "message": record["message"],
    }
    if record["extra"]:
        line["extra"] = {key: _plain(value) for key, value in record["extra"].items()}
    raised = record["exception"]
    if raised is not None:
        line["exception"] = "".join(traceback.format_exception(raised.type, raised.value, raised.traceback))
    return dumps(line, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON has no infinity
    return value if isinstance(value, str | int | None) else str(value)


class _Output:
    """Masks lines and hands them on; a log line that cannot be written never stops who logged it."""

    def __init__(self, name: str, mask: Masker, *, json: bool) -> None:
        self._name = name
        self._mask = mask
        self._json = json
        self._failing = False

    def write(self, message: "loguru.Message") -> None:
        """Take one line from loguru."""
        line = self._mask(_as_json(message.record) if self._json else message)
        try:
            self._put(line)
        # ValueError: the stream has been closed by somebody else.
        except (OSError, ValueError) as error:
            self._complain(error)
        else:
            self._failing = False

    def isatty(self) -> bool:
        """Return whether a person watches; loguru asks before it colours."""
        return False

    def close(self) -> None:
        """Give back what was opened."""

    def _put(self, line: str) -> None:
        raise NotImplementedError

    def _complain(self, error: Exception) -> None:
        """Say on stderr that lines are being lost: once, until writing works again."""
        if self._failing:
            return
        self._failing = True
        try:
            sys.stderr.write(self._mask(f"acore cannot write its log to {self._name}: {error}\n"))
        except (OSError, ValueError):
            return  # stderr is gone too, and there is nowhere left to say it


class _StreamOutput(_Output):
    """Lines to stdout or stderr.

    Args:
        name: stdout or stderr: whatever stands there when a line comes, since a prompt puts itself there.
        mask: Hides secrets.
        json: Whether lines are JSON objects.
        colour: Whether a terminal gets colours.
    """

    def __init__(self, name: str, mask: Masker, *, json: bool, colour: bool) -> None:
        super().__init__(name, mask, json=json)
        self._coloured = colour and not json

    def isatty(self) -> bool:
        return self._coloured and self._stream().isatty()

    def _stream(self) -> TextIO:
        stream: TextIO = getattr(sys, self._name)
        return stream

    def _put(self, line: str) -> None:
        stream = self._stream()
        try:
            stream.write(line)
        except UnicodeEncodeError:
            # A terminal of another encoding, or half a character in somebody's file name.
            encoding = stream.encoding
            stream.write(line.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


class _FileOutput(_Output):
    """Lines to a file that is begun anew at a size, the earlier ones kept by number.

    loguru's own file sink is not used: it cannot mask a traceback, and when the disk is full it either raises
    into whoever logs or prints the unmasked record.

    Args:
        path: The file; its directory is made.
        max_bytes: Size at which it is begun anew.
        backups: How many earlier files are kept.
        mask: Hides secrets.
        json: Whether lines are JSON objects.
    """

    def __init__(self, path: Path, max_bytes: int, backups: int, mask: Masker, *, json: bool) -> None:
        super().__init__(str(path), mask, json=json)
        self._path = path
        self._max_bytes = max_bytes
        self._backups = backups
        self._descriptor: int | None = None
        # Each sink has a lock of its own, and while the level changes there are two for this file.
        self._lock = threading.Lock()
        try:
            self._open()
        except OSError as error:
            self._complain(error)

    def close(self) -> None:
        with self._lock:
            self._close()

    def _put(self, line: str) -> None:
        content = line.encode("utf-8", "backslashreplace")
        with self._lock:
            descriptor = self._descriptor if self._descriptor is not None else self._open()
            size = os.fstat(descriptor).st_size
            if size and size + len(content) > self._max_bytes:
                self._begin_anew()
                descriptor = self._open()
            while content:
                content = content[os.write(descriptor, content) :]

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        # Logs name users: they are for the bot's user and its group.
        self._descriptor = os.open(self._path, flags, 0o640)
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _begin_anew(self) -> None:
        self._close()
        if not self._backups:
            self._path.unlink(missing_ok=True)
            return
        for number in range(self._backups, 0, -1):
            earlier = self._numbered(number - 1)
            if earlier.exists():
                earlier.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class _Inbound(logging.Handler):
    """Hands what the standard library's logging is told on to loguru, as said by its caller."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        raised = record.exc_info if record.exc_info and record.exc_info[0] else None
        logger.opt(depth=_depth_of_caller(), exception=raised).log(level, _message(record))


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception as error:  # noqa: BLE001 - anybody's __str__ may raise, and a log call must not
        message = f"{record.msg} (its arguments do not fit: {error})"
    return f"{message}\n{record.stack_info}" if record.stack_info else message


def _depth_of_caller() -> int:
    """Return how many frames lie between `emit` and whoever called the standard library's logging."""
    frame: FrameType | None = inspect.currentframe()
    depth = -1  # this function's own frame
    while frame is not None and frame.f_code.co_filename in _PASSED_THROUGH:
        frame = frame.f_back
        depth += 1
    return depth
