"""The order of a guild's roles: @everyone at 0, the others above it without gaps."""

from collections.abc import Mapping

from acore.sandbox.state.records import Guild, Role


def ascending(guild: Guild) -> list[Role]:
    """Return the roles above @everyone, the lowest first."""
    others = [role for role in guild.roles.values() if role.id != guild.id]
    return sorted(others, key=lambda role: (role.position, -int(role.id)))


def insert_lowest(guild: Guild, role: Role) -> list[Role]:
    """Add a role right above @everyone, where Discord puts new ones; return those that moved up."""
    others = ascending(guild)
    guild.roles[role.id] = role
    return [one for one in _numbered([role, *others]) if one is not role]


def remove(guild: Guild, role: Role) -> None:
    """Take a role out; those above it come down."""
    del guild.roles[role.id]
    _numbered(ascending(guild))


def reorder(guild: Guild, wanted: Mapping[str, int]) -> list[Role]:
    """Put roles at the positions wanted, by their ids; return every one that moved."""
    order = [role for role in ascending(guild) if role.id not in wanted]
    for role_id, position in sorted(wanted.items(), key=lambda item: item[1]):
        order.insert(max(position, 1) - 1, guild.roles[role_id])
    return _numbered(order)


def _numbered(order: list[Role]) -> list[Role]:
    """Number the roles from 1; return those that had another position."""
    moved: list[Role] = []
    for position, role in enumerate(order, start=1):
        if role.position != position:
            role.position = position
            moved.append(role)
    return moved
