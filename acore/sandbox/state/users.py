"""Changing what everybody sees of a user."""

from collections.abc import Mapping

from acore.sandbox import payloads
from acore.sandbox.state.records import User
from acore.sandbox.state.world import World


def edit(world: World, user: User, values: Mapping[str, object]) -> None:
    """Change fields of a user, by their names, and tell the user and whoever shares a guild with them."""
    before = payloads.user(user)
    for name, value in values.items():
        setattr(user, name, value)
    if before != payloads.user(user):
        world.announce("USER_UPDATE", payloads.own_user(user), [user.id])
        for guild in world.guilds_of(user.id):
            world.announce_member(guild, guild.members[user.id])
