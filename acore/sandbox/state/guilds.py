"""Changing a guild's name, owner and settings."""

from collections.abc import Mapping

from acore.sandbox import payloads
from acore.sandbox.shapes import Json
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction

HASHES = ("icon", "splash", "banner", "discovery_splash", "home_header")
"""Settings that the audit log calls by another name, e.g. icon_hash."""


def edit(
    hand: Hand, settings: Mapping[str, object], *, name: str | None = None, owner_id: str | None = None
) -> None:
    """Change settings, by Discord's names for them, the name and the owner.

    If none differs, nobody hears of it.
    """
    guild = hand.guild
    before: Json = {"name": guild.name, "owner_id": guild.owner_id}
    before |= {one: payloads.setting(guild, one) for one in settings}
    guild.name = name or guild.name
    guild.owner_id = owner_id or guild.owner_id
    guild.settings.update(settings)
    after: Json = {"name": guild.name, "owner_id": guild.owner_id, **settings}
    if before != after:
        hand.world.announce("GUILD_UPDATE", payloads.guild(guild), guild.members)
        hand.note(AuditAction.GUILD_UPDATE, guild.id, before=_told(before), after=_told(after))


def _told(settings: Json) -> Json:
    return {f"{key}_hash" if key in HASHES else key: value for key, value in settings.items()}
