"""The edge that reads the settings from files and environment."""

from collections.abc import Callable

from anyio import to_thread

from acore.events.settings import (
    LoadSettings,
    ReloadRequested,
    Setting,
    SettingsFacts,
    SettingsRead,
    SettingsRefused,
    SettingsView,
)
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.settings.load import Loaded
from acore.settings.problems import SettingsError
from acore.settings.schema import declared, public, revision


class FilesActor(EdgeActor):
    """Knows where the settings come from; secrets leave it only as fingerprints."""

    def __init__(self, loaded: Loaded, load: Callable[[], Loaded]) -> None:
        """Begin with what was *loaded* at the start, and *load* again when asked to."""
        self._facts = facts_of(loaded)
        self._load = load

    async def run(self, io: EdgeContext) -> None:
        """Go on from what is in force: an earlier run may have read other settings since the start."""
        shown = io.view(SettingsView)
        if shown is not None:
            self._facts = shown.facts
        await super().run(io)

    @handles
    async def tell(self, _question: LoadSettings, _io: EdgeContext) -> SettingsFacts:
        """Answer with what was valid last."""
        return self._facts

    @handles
    async def reload(self, _wanted: ReloadRequested, io: EdgeContext) -> None:
        """Read everything again; what is not valid changes nothing."""
        try:
            self._facts = facts_of(await to_thread.run_sync(self._load))
        except SettingsError as error:
            io.publish(SettingsRefused(problems=tuple(str(problem) for problem in error.problems)))
        else:
            io.publish(SettingsRead(facts=self._facts))


def facts_of(loaded: Loaded) -> SettingsFacts:
    """Return what core actors may know of the settings."""
    settings = loaded.settings
    shown = public(settings)
    return SettingsFacts(
        revision=revision(settings),
        settings=tuple(
            Setting(key=key, value=_text(shown[key]), source=loaded.sources[key]) for key in declared()
        ),
        admin_users=settings.admin_users,
        admin_roles=settings.admin_roles,
        operator_guilds=settings.operator_guilds,
        health_check_interval=settings.health_check_interval,
        cpu_warning_threshold=settings.cpu_warning_threshold,
        memory_warning_threshold=settings.memory_warning_threshold,
        warnings=loaded.warnings,
    )


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)
