"""The audit log of each guild: who changed what, and telling those who may read it."""

from acore.sandbox import payloads
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json
from acore.sandbox.state.audience import InGuild
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import AuditEntry, Guild, User
from acore.sandbox.state.world import World


def note(
    world: World,
    guild: Guild,
    action: AuditAction,
    by: User,
    target_id: str | None,
    *,
    reason: str | None = None,
    changes: list[Json] | None = None,
    options: Json | None = None,
) -> AuditEntry:
    """Write an entry and announce it to those who may read the log.

    Args:
        world: tells it.
        guild: whose log.
        action: what was done.
        by: who did it.
        target_id: the id of what was changed, if it has one.
        reason: what the X-Audit-Log-Reason header said.
        changes: what `changed` returned.
        options: what this action has besides, e.g. the count of deleted messages.
    """
    entry = AuditEntry(
        id=world.snowflakes.make(),
        action=action,
        user_id=by.id,
        target_id=target_id,
        reason=reason,
        changes=changes or [],
        options=options,
    )
    guild.audit_log.append(entry)
    payload = {**payloads.audit_entry(entry), "guild_id": guild.id}
    world.announce("GUILD_AUDIT_LOG_ENTRY_CREATE", payload, InGuild(guild, Permission.VIEW_AUDIT_LOG))
    return entry


def changed(before: Json, after: Json) -> list[Json]:
    """Return what an entry tells of a change: the keys that differ, with both values if they exist."""
    changes: list[Json] = []
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old != new:
            change: Json = {"key": key}
            change |= {} if old is None else {"old_value": old}
            change |= {} if new is None else {"new_value": new}
            changes.append(change)
    return changes
