"""Who may use a command where: what the bot asked for, and what the guild's administrators set."""

from typing import Any

import pytest

from acore.sandbox import Person, RefusedError
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.kinds import OverwriteType
from acore.sandbox.state.records import Overwrite
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage, add_thread

type Body = dict[str, Any]

ROLE, USER, CHANNEL = 1, 2, 3


def entry(of_id: str, kind: int, *, permission: bool) -> Body:
    return {"id": of_id, "type": kind, "permission": permission}


async def put(stage: Stage, of_id: str, *permissions: Body) -> Body:
    """Set permissions as the owner does, and return what the bot is told."""
    sandbox = stage.sandbox
    async with Person(sandbox.api, sandbox.world.owner.token) as owner:
        path = (
            f"/applications/{sandbox.application_id}/guilds/{sandbox.guild_id}/commands/{of_id}/permissions"
        )
        answer = await owner.request("PUT", path, {"permissions": list(permissions)})
    told = await stage.bot.heard("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
    assert told == answer
    return answer


async def may(stage: Stage, member: Person, command: Body, channel_id: str | None = None) -> bool:
    """Return whether a member may invoke a command; the index of the channel must agree."""
    channel_id = channel_id or stage.sandbox.channel_id
    index = await member.request("GET", f"/channels/{channel_id}/application-command-index")
    is_listed = command["id"] in [one["id"] for one in index["application_commands"]]
    if is_listed:
        await stage.begin(member, command, channel_id=channel_id)
        return True
    with pytest.raises(RefusedError) as refused:
        await stage.begin(member, command, channel_id=channel_id)
    assert (refused.value.status, refused.value.code) == (403, 50013)
    return False


@pytest.mark.parametrize(
    ("wanted", "has", "expected"),
    [
        (None, Permission(0), True),
        ("0", Permission.MANAGE_GUILD, False),
        ("0", Permission.ADMINISTRATOR, True),
        (str(int(Permission.KICK_MEMBERS)), Permission(0), False),
        (str(int(Permission.KICK_MEMBERS)), Permission.KICK_MEMBERS, True),
        (str(int(Permission.KICK_MEMBERS | Permission.BAN_MEMBERS)), Permission.KICK_MEMBERS, False),
        (str(int(Permission.KICK_MEMBERS)), Permission.ADMINISTRATOR, True),
    ],
)
async def test_a_member_needs_the_default_permissions(
    stage: Stage, person: NewPerson, wanted: str | None, has: Permission, *, expected: bool
) -> None:
    command = await stage.register(default_member_permissions=wanted)
    stage.may(stage.sandbox.world.member, has)

    async with person(stage.sandbox, "member") as member:
        assert await may(stage, member, command) is expected


async def test_a_channel_can_take_the_default_permission_away(stage: Stage, person: NewPerson) -> None:
    command = await stage.register(default_member_permissions=str(int(Permission.SEND_MESSAGES)))
    world = stage.sandbox.world
    muted = world.add_channel("muted")
    muted.overwrites[world.guild.id] = Overwrite(
        world.guild.id, OverwriteType.ROLE, deny=int(Permission.SEND_MESSAGES)
    )

    async with person(stage.sandbox, "member") as member:
        assert await may(stage, member, command)
        assert not await may(stage, member, command, muted.id)


async def test_nobody_uses_commands_where_the_channel_denies_it(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    world = stage.sandbox.world
    world.channel.overwrites[world.guild.id] = Overwrite(
        world.guild.id, OverwriteType.ROLE, deny=int(Permission.USE_APPLICATION_COMMANDS)
    )

    async with person(stage.sandbox, "member") as member:
        assert not await may(stage, member, command)


async def test_an_age_restricted_command_needs_an_age_restricted_channel(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register(nsfw=True)
    adult = stage.sandbox.world.add_channel("adult")
    adult.nsfw = True

    async with person(stage.sandbox, "owner") as owner:
        assert not await may(stage, owner, command)
        assert await may(stage, owner, command, adult.id)


async def test_a_user_outranks_roles_and_a_role_outranks_everyone(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    world = stage.sandbox.world
    role, other = world.add_role("role"), world.add_role("other")
    world.give_role(world.member, role)
    world.give_role(world.member, other)
    everyone_not = entry(world.guild.id, ROLE, permission=False)
    async with person(stage.sandbox, "member") as member:
        await put(stage, command["id"], everyone_not)
        assert not await may(stage, member, command)

        await put(stage, command["id"], everyone_not, entry(role.id, ROLE, permission=True))
        assert await may(stage, member, command)

        roles = entry(role.id, ROLE, permission=True), entry(other.id, ROLE, permission=False)
        await put(stage, command["id"], everyone_not, *roles)
        assert await may(stage, member, command)

        await put(stage, command["id"], *roles, entry(world.member.id, USER, permission=False))
        assert not await may(stage, member, command)


async def test_what_is_set_for_a_command_outranks_its_default_and_its_application(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register(default_member_permissions="0")
    other = await stage.register(name="other")
    world = stage.sandbox.world
    async with person(stage.sandbox, "member") as member:
        await put(stage, stage.sandbox.application_id, entry(world.guild.id, ROLE, permission=False))
        assert not await may(stage, member, other)

        await put(stage, command["id"], entry(world.member.id, USER, permission=True))
        assert await may(stage, member, command)
        assert not await may(stage, member, other)


async def test_the_application_allowing_it_leaves_the_default_in_force(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register(default_member_permissions="0")
    guild_id = stage.sandbox.guild_id
    async with person(stage.sandbox, "member") as member:
        await put(stage, stage.sandbox.application_id, entry(guild_id, ROLE, permission=True))

        assert not await may(stage, member, command)


async def test_a_channel_outranks_all_channels_and_threads_follow_their_channel(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    sandbox = stage.sandbox
    other = sandbox.world.add_channel("other")
    everywhere = entry(str(int(sandbox.guild_id) - 1), CHANNEL, permission=False)
    async with person(sandbox, "member") as member:
        await put(stage, command["id"], everywhere, entry(other.id, CHANNEL, permission=True))

        assert not await may(stage, member, command)
        assert await may(stage, member, command, other.id)
        assert await may(stage, member, command, add_thread(stage, "below", other).id)
        assert not await may(stage, member, command, add_thread(stage, "elsewhere").id)


async def test_nothing_that_is_set_binds_administrators(stage: Stage, person: NewPerson) -> None:
    command = await stage.register(default_member_permissions="0")
    await put(stage, command["id"], entry(stage.sandbox.guild_id, ROLE, permission=False))

    async with person(stage.sandbox, "owner") as owner:
        assert await may(stage, owner, command)


async def test_what_was_set_is_written_into_the_audit_log(stage: Stage) -> None:
    command = await stage.register()
    guild = stage.sandbox.world.guild
    await put(stage, command["id"], entry(guild.id, ROLE, permission=False))

    note = guild.audit_log[-1]
    assert (note.action, note.target_id) == (121, command["id"])
    assert note.options == {"application_id": stage.sandbox.application_id}
    assert note.changes == [{"key": guild.id, "new_value": entry(guild.id, ROLE, permission=False)}]


async def test_what_was_set_goes_with_the_command_and_with_an_empty_list(stage: Stage) -> None:
    one, two = await stage.register(name="one"), await stage.register(name="two")
    sandbox = stage.sandbox
    for command in (one, two):
        await put(stage, command["id"], entry(sandbox.guild_id, ROLE, permission=False))
    path = f"/applications/{sandbox.application_id}"

    await stage.bot.request("DELETE", f"{path}/commands/{one['id']}")
    left = await stage.bot.request("GET", f"{path}/guilds/{sandbox.guild_id}/commands/permissions")
    assert [each["id"] for each in left.body] == [two["id"]]

    await put(stage, two["id"])
    left = await stage.bot.request("GET", f"{path}/guilds/{sandbox.guild_id}/commands/permissions")
    assert left.body == []
