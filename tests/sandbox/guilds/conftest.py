"""What the tests of guilds begin with: a bot that is an administrator above the member."""

import pytest

from acore.sandbox import Sandbox
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.records import Role


@pytest.fixture
def powers(sandbox: Sandbox) -> Role:
    """The role that makes the bot an administrator."""
    world = sandbox.world
    role = world.add_role("powers", permission_bits=int(Permission.ADMINISTRATOR))
    world.give_role(world.application.bot, role)
    return role
