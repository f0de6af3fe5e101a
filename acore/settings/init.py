"""What `acore init` asks, and the two files it writes."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, cast

from acore.errors import AcoreError, ExitCode
from acore.record import Record
from acore.settings.problems import Problem, SettingsError
from acore.settings.reference import env_settings, toml_default
from acore.settings.schema import Settings, declared
from acore.settings.secrets import Secret
from acore.settings.values import WrongValueError, from_text, shown

# The env file holds the token: for its owner alone. The settings file holds no secret.
_PRIVATE = 0o600
_READABLE = 0o644


class Question(Record):
    """One thing to ask an operator.

    Args:
        key: The setting that the answer sets.
        question: What to ask.
        help: Where the answer is found.
        default: The answer when nothing is typed; blank leaves the setting at its own default.
    """

    key: str
    question: str
    help: str
    default: str = ""

    @property
    def secret(self) -> bool:
        """Whether the answer must not be seen while it is typed."""
        return declared()[self.key].secret

    def check(self, text: str) -> str | None:
        """Return why an answer cannot be taken, without repeating it; None when it can."""
        try:
            _read(self.key, text)
        except WrongValueError as error:
            return str(error)
        return None


QUESTIONS = (
    Question(
        key="DISCORD_TOKEN",
        question="The bot's token",
        help="https://discord.com/developers/applications, your application, Bot, Reset Token. Empty: later.",
    ),
    Question(
        key="OPERATOR_GUILDS",
        question="Id of the server that gets the operators' commands",
        help="With Developer Mode on: right-click the server, Copy Server ID. Empty: servers you own.",
    ),
    Question(
        key="ADMIN_USERS",
        question="Id of a user who is an admin",
        help="With Developer Mode on: right-click the user, Copy User ID. Empty: the bot's owner alone.",
    ),
    Question(
        key="ACORE_DATA_DIR",
        question="Directory for databases, backups and logs",
        help="It is made if it is not there.",
        default=Settings().acore_data_dir,
    ),
)


class Answers(Record):
    """What an operator answered.

    Args:
        token: The bot's token; blank when it is not known yet.
        operator_guild: Id of the server that gets the operators' commands; None for the owner's servers.
        admin: Id of a user who is an admin; None for the application's owner alone.
        data_dir: Directory for databases, backups and logs.
    """

    token: Secret = Secret("")
    operator_guild: int | None = None
    admin: int | None = None
    data_dir: str = Settings().acore_data_dir


class AlreadyThereError(AcoreError):
    """Writing would replace a file that somebody may have edited."""

    exit_code: ClassVar[ExitCode] = ExitCode.CANT_CREATE

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = tuple(paths)
        names = " and ".join(map(str, self.paths))
        super().__init__(
            f"{names}: already there; nothing was written. Edit it, move it away, or use --force"
        )


class CannotWriteError(AcoreError):
    """A file cannot be written."""

    exit_code: ClassVar[ExitCode] = ExitCode.CANT_CREATE

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"{path}: cannot be written: {error.strerror}; check the directory and the free space"
        )


def answered(texts: Mapping[str, str]) -> Answers:
    """Return the answers that were typed.

    Args:
        texts: What was typed, by the question's key; what is missing was left empty.

    Raises:
        SettingsError: Some cannot be taken; it holds every problem.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for question in QUESTIONS:
        text = texts.get(question.key, "")
        try:
            values[question.key] = _read(question.key, text)
        except WrongValueError as error:
            problems.append(_problem(question.key, text, error))
    if problems:
        raise SettingsError(problems)
    return Answers(
        token=cast("Secret", values["DISCORD_TOKEN"]),
        operator_guild=_only(values["OPERATOR_GUILDS"]),
        admin=_only(values["ADMIN_USERS"]),
        data_dir=cast("str", values["ACORE_DATA_DIR"]),
    )


def write(answers: Answers, env_file: Path, toml_file: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write the env file with the answers, readable by its owner alone, and the settings file.

    Each file appears whole or not at all. A settings file that is just as acore ships it is left alone.

    Args:
        answers: What the operator answered.
        env_file: Where the answers go; its directory is made.
        toml_file: Where the other settings are explained, all at their defaults; its directory is made.
        force: Replace files that are there.

    Returns:
        The files that were written.

    Raises:
        SettingsError: An answer cannot be taken; nothing was written.
        AlreadyThereError: A file is there and *force* is not given; nothing was written.
        CannotWriteError: The disk is full, or the directory may not be written.
    """
    # The settings file first: should the second fail, what is left holds nothing of anybody's.
    contents = {toml_file: (toml_default(), _READABLE), env_file: (_env_text(answers), _PRIVATE)}
    if _holds(toml_file, toml_default()):
        del contents[toml_file]
    there = [path for path in contents if os.path.lexists(path)]
    if there and not force:
        raise AlreadyThereError(there)
    for path, (text, mode) in contents.items():
        try:
            _put(path, text, mode)
        except OSError as error:
            raise CannotWriteError(path, error) from error
    return tuple(contents)


def _read(key: str, text: str) -> object:
    row = declared()[key]
    if not text.strip():
        return row.default
    value = from_text(row, text)
    if isinstance(value, tuple) and len(cast("tuple[int, ...]", value)) > 1:
        raise WrongValueError("one id is enough here", "add the others to the env file later")
    return cast("object", value)


def _only(ids: object) -> int | None:
    return next(iter(cast("tuple[int, ...]", ids)), None)


def _problem(key: str, text: str, error: WrongValueError) -> Problem:
    value = shown(declared()[key], text)
    return Problem(key=key, value=value, source="answer", reason=error.reason, remedy=error.remedy)


def _env_text(answers: Answers) -> str:
    # Somebody may have made the answers without `answered`: what could start another line is refused here.
    texts = _texts(answered(_texts(answers)))
    head = "# acore's settings as environment variables. This file holds the token: keep it to yourself.\n"
    return head + env_settings({key: text for key, text in texts.items() if text})


def _texts(answers: Answers) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": answers.token.reveal(),
        "OPERATOR_GUILDS": "" if answers.operator_guild is None else str(answers.operator_guild),
        "ADMIN_USERS": "" if answers.admin is None else str(answers.admin),
        "ACORE_DATA_DIR": answers.data_dir,
    }


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _put(path: Path, text: str, mode: int) -> None:
    """Write beside *path* and rename: it is whole or not there, and never more readable than *mode*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes a new file (O_EXCL) that only its owner may read.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # there only if something failed
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    # A rename is on the disk once its directory is.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
