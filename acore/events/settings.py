"""The settings in force, as core actors know them: secrets as fingerprints."""

from typing import Annotated

from msgspec import Meta

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.events.personal import PersonalName
from acore.events.views import View
from acore.record import Record


class Setting(Record):
    """One setting: its value as text, and where it comes from. A secret's value is its fingerprint."""

    key: str
    value: str
    source: str


class SettingsFacts(Record):
    """All settings at one moment. `revision` changes with every value."""

    revision: str
    settings: tuple[Setting, ...]
    admin_users: tuple[int, ...]
    admin_roles: tuple[int, ...]
    operator_guilds: tuple[int, ...]
    health_check_interval: Annotated[int, Meta(examples=[60, 5, 3600])]  # 0 would never let time pass
    cpu_warning_threshold: int
    memory_warning_threshold: int
    warnings: tuple[str, ...] = ()


@wire("settings.load")
class LoadSettings(Command[SettingsFacts]):
    """What do the files and the environment say?"""


@wire("settings.loaded")
class SettingsLoaded(Event):
    """Settings were read and are in force."""

    facts: SettingsFacts


@wire("settings.reload_requested", vital=True)
class ReloadRequested(Event):
    """Somebody wants the settings to be read again."""

    by: PersonalName


@wire("settings.read")
class SettingsRead(Event):
    """The files and the environment were read again and are valid."""

    facts: SettingsFacts


@wire("settings.refused")
class SettingsRefused(Event):
    """The files or the environment were read again and are not valid; what was in force stays."""

    problems: tuple[str, ...]


@wire("settings.get")
class GetSettings(Command[SettingsFacts]):
    """What is in force?"""


class SettingsView(View):
    """The settings in force."""

    facts: SettingsFacts
