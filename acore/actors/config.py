"""ConfigActor: the settings in force."""

import msgspec

from acore.events.settings import (
    GetSettings,
    LoadSettings,
    SettingsFacts,
    SettingsLoaded,
    SettingsRead,
    SettingsView,
)
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles


class ConfigState(msgspec.Struct):
    """The settings in force; None until they were read once."""

    facts: SettingsFacts | None = None


class ConfigActor(Actor[ConfigState]):
    """Holds the validated settings, and says when they change."""

    asks = (LoadSettings,)

    async def on_start(self, ctx: Context) -> None:
        """Read the settings, and say so each time: others may have been read while this actor was down."""
        facts = await ctx.ask(LoadSettings())
        self.state.facts = facts
        ctx.publish(SettingsLoaded(facts=facts))

    @handles
    async def take(self, read: SettingsRead, ctx: Context) -> None:
        """Put what was read in force, if it differs from what is."""
        if self.state.facts is None or read.facts.revision != self.state.facts.revision:
            self.state.facts = read.facts
            ctx.publish(SettingsLoaded(facts=read.facts))

    @handles
    async def tell(self, _question: GetSettings, _ctx: Context) -> SettingsFacts:
        """Answer with the settings in force."""
        assert self.state.facts is not None  # noqa: S101 - on_start has set it before any message comes
        return self.state.facts

    def view(self) -> SettingsView | None:
        """Show the settings in force."""
        return None if self.state.facts is None else SettingsView(facts=self.state.facts)
