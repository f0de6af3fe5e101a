"""Reads the settings from defaults, acore.toml, the env file and the environment, weakest first."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from acore.record import Record
from acore.settings import envfile
from acore.settings.problems import Problem, SettingsError
from acore.settings.schema import Declared, Settings, declared
from acore.settings.secrets import Secret
from acore.settings.values import WrongValueError, from_text, from_toml, nearest, shown

DEFAULT_TOML = Path("config/acore.toml")
DEFAULT_ENV_FILE = Path(".env")
ENVIRONMENT = "environment"
DEFAULT = "default"

# How alike (0 to 1) an unknown key must be to one of acore's to count as a slip. In a host bot's own file a
# warning must be rare: at 0.85 DISCORD_TOKN is one, DISK_WARNING_THRESHOLD (0.84 to CPU_…) is not.
_SLIP = 0.85


class Loaded(Record):
    """The settings and how they came about.

    Args:
        settings: The settings themselves.
        sources: By key, where its value is from: "default", "environment" or the file's path.
        warnings: Sentences about what was probably meant otherwise.
        host: The env file's other keys, which belong to the host bot; any of them may be a secret.
    """

    settings: Settings
    sources: Mapping[str, str]
    warnings: tuple[str, ...]
    host: Mapping[str, Secret]


class _Layer(Record):
    """What one source says; a key is in *values* or in *wrong*."""

    source: str
    values: Mapping[str, object] = MappingProxyType({})
    wrong: Mapping[str, Problem] = MappingProxyType({})
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    host: Mapping[str, Secret] = MappingProxyType({})


class _UnreadableError(Exception):
    """A file's text cannot be had."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def load(*, toml: Path | None, env_file: Path | None, environ: Mapping[str, str]) -> Loaded:
    """Read all settings.

    Each source outweighs the one before: defaults, *toml*, *env_file*, *environ*. A wrong value that another
    source outweighs is a warning, any other an error.

    Args:
        toml: The settings file; it must exist. None reads none: see `if_there` for the default file.
        env_file: The env file, often the host bot's own; it must exist. None reads none.
        environ: The process environment: see `process_environment`.

    Raises:
        SettingsError: Something is wrong; it holds every problem found, not the first alone.
    """
    layers = [_environment_layer(environ)]
    if env_file is not None:
        layers.append(_env_file_layer(env_file))
    if toml is not None:
        layers.append(_toml_layer(toml))
    return _merged(layers)


def if_there(path: Path) -> Path | None:
    """Return *path* if anything is there, readable or not: a default file may be missing, not broken."""
    return path if os.path.lexists(path) else None


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process as it is now."""
    return MappingProxyType(dict(os.environ))  # noqa: TID251 - this is the one place that reads it


def _merged(layers: list[_Layer]) -> Loaded:
    """Take each setting from the first of *layers* that has it; strongest first."""
    problems = [problem for layer in reversed(layers) for problem in layer.problems]
    warnings = [warning for layer in reversed(layers) for warning in layer.warnings]
    values: dict[str, object] = {}
    sources = dict.fromkeys(declared(), DEFAULT)
    for key, row in declared().items():
        holders = [layer for layer in layers if key in layer.values or key in layer.wrong]
        warnings += [
            f"{layer.wrong[key]} (not used: {holders[0].source} outweighs it)"
            for layer in holders[1:]
            if key in layer.wrong
        ]
        if not holders:
            continue
        if key in holders[0].wrong:
            problems.append(holders[0].wrong[key])
        else:
            values[row.field] = holders[0].values[key]
            sources[key] = holders[0].source
    if problems:
        raise SettingsError(problems)
    return Loaded(
        # Each value has been checked against its own field.
        settings=Settings(**cast("dict[str, Any]", values)),
        sources=MappingProxyType(sources),
        warnings=tuple(warnings),
        host=MappingProxyType({key: value for layer in layers for key, value in layer.host.items()}),
    )


def _environment_layer(environ: Mapping[str, str]) -> _Layer:
    # The rest of the environment is anybody's; only what bears acore's name can be a slip.
    slips = (_slip(key, ENVIRONMENT) for key in environ if key.startswith("ACORE_") and key not in declared())
    return _text_layer(ENVIRONMENT, environ, warnings=[slip for slip in slips if slip])


def _env_file_layer(path: Path) -> _Layer:
    source = str(path)
    try:
        entries = envfile.parse(_text_of(path))
    except _UnreadableError as error:
        return _Layer(source=source, problems=(error.problem,))
    set_to = {entry.key: entry.value or "" for entry in entries if entry.key is not None}
    foreign = {key: Secret(text) for key, text in set_to.items() if key not in declared()}
    slips = [slip for slip in (_slip(key, source) for key in foreign) if slip]
    return _text_layer(
        source,
        set_to,
        problems=_malformed(source, entries),
        warnings=[*slips, *_repeated(source, entries)],
        host=foreign,
    )


def _text_layer(
    source: str,
    texts: Mapping[str, str],
    *,
    warnings: Iterable[str],
    problems: Iterable[Problem] = (),
    host: Mapping[str, Secret] = MappingProxyType({}),
) -> _Layer:
    set_to = {
        key: texts[key]
        for key, row in declared().items()
        if key in texts and (texts[key].strip() or row.may_be_blank)
    }
    values, wrong = _read(set_to, source, from_text)
    return _Layer(
        source=source,
        values=values,
        wrong=wrong,
        problems=tuple(problems),
        warnings=tuple(warnings),
        host=host,
    )


def _toml_layer(path: Path) -> _Layer:
    source = str(path)
    try:
        tree = _toml_of(path)
    except _UnreadableError as error:
        return _Layer(source=source, problems=(error.problem,))
    fields = {row.field: key for key, row in declared().items()}
    values, wrong = _read({fields[name]: tree[name] for name in tree if name in fields}, source, from_toml)
    unknown = tuple(_unknown(name, source, fields) for name in tree if name not in fields)
    return _Layer(source=source, values=values, wrong=wrong, problems=unknown)


def _read[T](
    written: Mapping[str, T], source: str, read: Callable[[Declared, T], object]
) -> tuple[dict[str, object], dict[str, Problem]]:
    values: dict[str, object] = {}
    wrong: dict[str, Problem] = {}
    for key, raw in written.items():
        row = declared()[key]
        try:
            values[key] = read(row, raw)
        except WrongValueError as error:
            wrong[key] = Problem(
                key=key, value=shown(row, raw), source=source, reason=error.reason, remedy=error.remedy
            )
    return values, wrong


def _unknown(name: str, source: str, fields: Iterable[str]) -> Problem:
    # What follows the key is not repeated: it may be a misspelt secret.
    near = nearest(name.lower(), fields)
    return Problem(
        key=name,
        value="…",
        source=source,
        reason="acore has no such setting",
        remedy=f"did you mean {near}?" if near else "remove it, or see docs/reference.md for the settings",
    )


def _slip(key: str, source: str) -> str | None:
    near = nearest(key.upper(), declared(), alike=_SLIP)
    return f"{key} in {source} is no setting of acore; did you mean {near}?" if near else None


def _malformed(source: str, entries: Iterable[envfile.Entry]) -> list[Problem]:
    cannot_be_read = [
        _file_problem(source, f"line {entry.line} cannot be read", "write KEY=value, and close every quote")
        for entry in entries
        if entry.key is None
    ]
    without_value = [
        _file_problem(
            source, f"line {entry.line}: {entry.key} has no equals sign", f"write {entry.key}=value"
        )
        for entry in entries
        if entry.key in declared() and entry.value is None
    ]
    return [*cannot_be_read, *without_value]


def _repeated(source: str, entries: Iterable[envfile.Entry]) -> list[str]:
    lines: dict[str, list[int]] = {}
    for entry in entries:
        if entry.key is not None and entry.key in declared():
            lines.setdefault(entry.key, []).append(entry.line)
    return [
        f"{key} is set {len(at)} times in {source} (lines {', '.join(map(str, at))}); the last one counts"
        for key, at in lines.items()
        if len(at) > 1
    ]


def _toml_of(path: Path) -> dict[str, object]:
    # A bot that is set up by its environment alone needs none of it.
    import tomllib  # noqa: PLC0415 - see above

    text = _text_of(path)
    try:
        return tomllib.loads(text)
    # ValueError: tomllib's own error, and Python's for a number of thousands of digits. RecursionError: a
    # thousand opening brackets.
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(
            _file_problem(
                str(path), f"is no valid TOML: {error}", "write settings as key = value, text in quotes"
            )
        ) from None


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problem = _file_problem(str(path), "there is no such file", "check the path, or run `acore init`")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        problem = _file_problem(str(path), reason, "it must be a file that the user who runs acore may read")
    else:
        try:
            # Editors on Windows put a byte order mark in front.
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problem = _file_problem(str(path), f"line {line} is not UTF-8", "save the file as UTF-8")
    raise _UnreadableError(problem)


def _file_problem(source: str, reason: str, remedy: str) -> Problem:
    return Problem(key="", value="", source=source, reason=reason, remedy=remedy)
