"""Every setting, declared once; the loader, the commands and the reference read it here."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Annotated, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from acore.record import Record
from acore.settings.secrets import Secret


class LogLevel(StrEnum):
    """How much is logged, most first."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class Owner(StrEnum):
    """Whose behaviour a setting changes."""

    ACORE = "acore"
    HOST = "host"


class Kind(StrEnum):
    """What a setting holds, and so how its value is read and written."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - it names a kind
    URL = "url"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    IDS = "ids"


class Setting(Record):
    """What a field's type does not say about a setting.

    Args:
        help: What it does, in sentences an operator understands.
        unit: What a number counts, e.g. "seconds"; blank for what has no unit.
        restart_needed: Whether a change takes effect only at the next start.
        owner: Whose behaviour it changes.
    """

    help: str
    unit: str = ""
    restart_needed: bool = False
    owner: Owner = Owner.ACORE


# Discord's ids are positive and fit in 63 bits: https://discord.com/developers/docs/reference#snowflakes
Snowflake = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Percent = Annotated[int, Meta(ge=1, le=100)]
HttpUrl = Annotated[str, Kind.URL]


class Settings(Record):
    """All settings at one moment; replaced as a whole when one changes."""

    discord_token: Annotated[
        Secret,
        Setting(
            help="The bot's token, from the Bot page of the Discord developer portal.", restart_needed=True
        ),
    ] = Secret("")
    discord_api_base: Annotated[
        HttpUrl,
        Setting(
            help="Where Discord's REST API is; another URL points the bot at an API proxy or at the sandbox.",
            restart_needed=True,
        ),
    ] = "https://discord.com/api/v10"
    operator_guilds: Annotated[
        tuple[Snowflake, ...],
        Setting(
            help="Servers that get the operators' commands; none means the servers owned by the "
            "application's owner or team.",
            restart_needed=True,
        ),
    ] = ()
    admin_users: Annotated[
        tuple[Snowflake, ...],
        Setting(help="Users who are admins, beside the application's owner or team."),
    ] = ()
    admin_roles: Annotated[
        tuple[Snowflake, ...],
        Setting(help="Roles whose members are admins in the server the role belongs to."),
    ] = ()
    acore_data_dir: Annotated[
        str,
        Meta(min_length=1),
        Setting(help="Directory for the databases, backups and log files.", restart_needed=True),
    ] = "data"
    log_level: Annotated[
        LogLevel,
        Setting(
            help="The least important messages that are logged. TRACE also logs what the Discord library "
            "receives, which is what users write."
        ),
    ] = LogLevel.INFO
    log_to_file: Annotated[
        bool,
        Setting(
            help="Whether the log is also written to a file in the data directory; never under a service "
            "manager or in a container, which keep standard output.",
            restart_needed=True,
        ),
    ] = True
    log_max_bytes: Annotated[
        int,
        Meta(ge=65_536, le=2**40),
        Setting(help="Size at which a new log file is begun.", unit="bytes", restart_needed=True),
    ] = 10_485_760
    log_backup_count: Annotated[
        int,
        Meta(ge=0, le=100),
        Setting(help="How many earlier log files are kept.", restart_needed=True),
    ] = 5
    journal_memory_mb: Annotated[
        int,
        Meta(ge=1, le=65_536),
        Setting(
            help="Memory for records that cannot be written, e.g. while the disk is full. When it is used "
            "up, what is new is refused until there is room; at twice as much the bot stops.",
            unit="megabytes",
            restart_needed=True,
        ),
    ] = 64
    journal_retention_days: Annotated[
        int,
        Meta(ge=1, le=365),
        Setting(help="How long the journal is kept.", unit="days", restart_needed=True),
    ] = 7
    journal_max_mb: Annotated[
        int,
        Meta(ge=16, le=1_048_576),
        Setting(
            help="How much the journal may take of the disk; the oldest entries are removed before they "
            "take more.",
            unit="megabytes",
            restart_needed=True,
        ),
    ] = 512
    standstill_limit: Annotated[
        int,
        Meta(ge=0, le=3600),
        Setting(
            help="How long one thing may hold up everything in the bot before the process ends, so that a "
            "service manager starts it anew; 0 for as long as it likes, e.g. while debugging.",
            unit="seconds",
            restart_needed=True,
        ),
    ] = 60
    health_check_interval: Annotated[
        int,
        Meta(ge=5, le=3600),
        Setting(
            help="Pace of the health checks. At 60, critical checks run every 30 s, warning checks every "
            "60 s and informative ones every 300 s; another value scales all three.",
            unit="seconds",
        ),
    ] = 60
    cpu_warning_threshold: Annotated[
        Percent,
        Setting(help="Sustained processor use that is reported as degraded; 100 for none.", unit="percent"),
    ] = 80
    memory_warning_threshold: Annotated[
        Percent,
        Setting(help="Memory use that is reported as degraded; 100 for none.", unit="percent"),
    ] = 85


class Declared(Record):
    """What the schema says about one setting.

    Args:
        key: Its name in the environment and in env files, e.g. "LOG_LEVEL".
        field: Its name in `Settings` and in acore.toml, e.g. "log_level".
        kind: What it holds.
        default: Its value when nobody sets it.
        minimum: Least allowed number, of each item in a list; None without such a limit.
        maximum: Greatest allowed number, of each item in a list; None without such a limit.
        min_length: Least number of characters of a text.
        choices: The allowed values of a choice; empty for other kinds.
        help: What it does.
        unit: What a number counts; blank for what has no unit.
        restart_needed: Whether a change takes effect only at the next start.
        owner: Whose behaviour it changes.
    """

    key: str
    field: str
    kind: Kind
    default: object
    minimum: int | None
    maximum: int | None
    min_length: int
    choices: tuple[str, ...]
    help: str
    unit: str
    restart_needed: bool
    owner: Owner

    @property
    def secret(self) -> bool:
        """Whether the value must not be seen."""
        return self.kind is Kind.SECRET

    @property
    def may_be_blank(self) -> bool:
        """Whether a blank text is a value of this setting; where it is none, blank counts as not set."""
        return self.kind in {Kind.TEXT, Kind.SECRET} and self.min_length == 0

    @property
    def type_words(self) -> str:
        """What may be written, e.g. "whole number from 5 to 3600"."""
        match self.kind:
            case Kind.TEXT | Kind.SECRET:
                return "text"
            case Kind.URL:
                return "http or https URL"
            case Kind.INTEGER:
                return "whole number" + self._limits()
            case Kind.BOOLEAN:
                return "true or false"
            case Kind.CHOICE:
                return "one of " + ", ".join(self.choices)
            case Kind.IDS:
                return "list of Discord ids"

    def _limits(self) -> str:
        words = "" if self.minimum is None else f" from {self.minimum}"
        return words if self.maximum is None else f"{words} to {self.maximum}"


@cache
def declared() -> Mapping[str, Declared]:
    """Return every setting by its key, in the order of the schema."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = (_declared(field, hints[field.name]) for field in msgspec.structs.fields(Settings))
    return MappingProxyType({row.key: row for row in rows})


def public(settings: Settings) -> dict[str, object]:
    """Return the values by key as they may be shown and journaled: secrets as length and fingerprint."""
    return {
        key: str(value) if isinstance(value, Secret) else value for key, value in _values(settings).items()
    }


def revision(settings: Settings) -> str:
    """Return 16 hex digits that are the same for equal settings, secrets included, in every process."""
    seen = {
        key: value.digest if isinstance(value, Secret) else value for key, value in _values(settings).items()
    }
    return hashlib.sha256(msgspec.json.encode(seen, order="sorted")).hexdigest()[:16]


def _values(settings: Settings) -> dict[str, object]:
    return {key: cast("object", getattr(settings, row.field)) for key, row in declared().items()}


def _declared(field: msgspec.structs.FieldInfo, hint: object) -> Declared:
    kind_of_value, notes = _unwrapped(hint)
    setting = next(note for note in notes if isinstance(note, Setting))
    # A list's limits are those of its items.
    item_notes = _unwrapped(get_args(kind_of_value)[0])[1] if get_origin(kind_of_value) is tuple else ()
    limits = [note for note in (*notes, *item_notes) if isinstance(note, Meta)]
    return Declared(
        key=field.name.upper(),
        field=field.name,
        kind=_kind(kind_of_value, notes),
        default=cast("object", field.default),
        minimum=next((int(limit.ge) for limit in limits if limit.ge is not None), None),
        maximum=next((int(limit.le) for limit in limits if limit.le is not None), None),
        min_length=next((limit.min_length for limit in limits if limit.min_length is not None), 0),
        choices=tuple(LogLevel) if kind_of_value is LogLevel else (),
        help=setting.help,
        unit=setting.unit,
        restart_needed=setting.restart_needed,
        owner=setting.owner,
    )


def _unwrapped(hint: object) -> tuple[object, tuple[object, ...]]:
    if get_origin(hint) is not Annotated:
        return hint, ()
    bare, *notes = get_args(hint)
    return bare, tuple(notes)


def _kind(kind_of_value: object, notes: tuple[object, ...]) -> Kind:
    said = next((note for note in notes if isinstance(note, Kind)), None)
    if said is not None:
        return said
    if get_origin(kind_of_value) is tuple:
        return Kind.IDS
    if isinstance(kind_of_value, type) and issubclass(kind_of_value, StrEnum):
        return Kind.CHOICE
    return {Secret: Kind.SECRET, bool: Kind.BOOLEAN, int: Kind.INTEGER, str: Kind.TEXT}[
        cast("type", kind_of_value)
    ]
