"""Making, changing, moving and deleting roles."""

from collections.abc import Mapping

from acore.sandbox.shapes import Json
from acore.sandbox.state import ranks, sights
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Role


def create(hand: Hand, role_id: str, values: Mapping[str, object]) -> Role:
    """Make the lowest role of a guild; *values* are fields of a role by their names."""
    role = Role(
        id=role_id,
        name="new role",
        permissions=hand.guild.roles[hand.guild.id].permissions,
        position=1,
    )
    _put(role, values)
    hand.world.insert_role(hand.guild, role)
    hand.note(AuditAction.ROLE_CREATE, role.id, after=_told(role))
    return role


def edit(hand: Hand, role: Role, values: Mapping[str, object]) -> None:
    """Change fields of a role; if none differs, nobody hears of it."""
    before, was = _told(role), sights.before_change(hand.guild, role)
    _put(role, values)
    after = _told(role)
    if before != after:
        hand.world.announce_role("GUILD_ROLE_UPDATE", hand.guild, role)
        hand.note(AuditAction.ROLE_UPDATE, role.id, before=before, after=after)
        if sights.changes_sight(was.roles[role.id], role):
            sights.tell_all(hand.world, was, hand.guild)


def move(hand: Hand, wanted: Mapping[str, int]) -> None:
    """Put roles at other positions, and announce every one that moved by it."""
    for role in ranks.reorder(hand.guild, wanted):
        hand.world.announce_role("GUILD_ROLE_UPDATE", hand.guild, role)


def delete(hand: Hand, role: Role) -> None:
    """Delete a role."""
    was = sights.before_removal(hand.guild, role)
    hand.world.remove_role(hand.guild, role)
    sights.tell_all(hand.world, was, hand.guild)
    hand.note(AuditAction.ROLE_DELETE, role.id, before=_told(role))


def _put(role: Role, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(role, name, value)


def _told(role: Role) -> Json:
    """Return what the audit log tells of a role."""
    return {
        "name": role.name,
        "permissions": str(role.permissions),
        "color": role.color,
        "hoist": role.hoist,
        "mentionable": role.mentionable,
        "icon_hash": role.icon,
        "unicode_emoji": role.unicode_emoji,
    }
