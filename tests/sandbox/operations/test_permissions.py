"""Which permissions each operation needs: without one of them it is refused, without any other it is not."""

from urllib.parse import quote

import pytest

from acore.sandbox import Limits
from acore.sandbox.permissions.rules import EVERYTHING, Permission
from acore.sandbox.state.records import Role
from tests.sandbox.operations.conftest import Api

VIEW, READ, SAY = Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY, Permission.SEND_MESSAGES
ROLES, MANAGE, GUILD = Permission.MANAGE_ROLES, Permission.MANAGE_CHANNELS, Permission.MANAGE_GUILD
MODERATE, THREADS = Permission.MANAGE_MESSAGES, Permission.SEND_MESSAGES_IN_THREADS
THUMB = quote("👍")
REFUSALS = {50001, 50013, 160002}
"""The codes of what is missing; the last one is a reply's, without permission to read what is replied to."""
NEEDS: tuple[tuple[str, dict[str, object] | None, Permission], ...] = (
    ("GET {channel}", None, VIEW),
    ("GET {channel}/messages", None, VIEW),
    ("GET {channel}/messages/{message}", None, VIEW | READ),
    ("POST {channel}/messages", {"content": "x"}, VIEW | SAY),
    ("POST {channel}/messages", {"embeds": [{"title": "x"}]}, VIEW | SAY | Permission.EMBED_LINKS),
    ("POST {channel}/messages", {"content": "x", "tts": True}, VIEW | SAY | Permission.SEND_TTS_MESSAGES),
    ("POST {channel}/messages", {"content": "x", "message_reference": "{message}"}, VIEW | SAY | READ),
    ("DELETE {channel}/messages/{message}", None, VIEW | MODERATE),
    ("PUT {channel}/messages/{message}/reactions/{thumb}/@me", None, VIEW | READ | Permission.ADD_REACTIONS),
    ("POST {channel}/typing", None, VIEW | SAY),
    ("PATCH {channel}", {"topic": "x"}, VIEW | MANAGE),
    ("PUT {channel}/permissions/{role}", {"type": 0, "allow": "0", "deny": "0"}, VIEW | ROLES),
    ("POST {channel}/invites", {}, VIEW | Permission.CREATE_INSTANT_INVITE),
    ("GET {channel}/invites", None, VIEW | MANAGE),
    ("GET {channel}/webhooks", None, VIEW | Permission.MANAGE_WEBHOOKS),
    ("POST {channel}/threads", {"name": "x", "type": 11}, VIEW | Permission.CREATE_PUBLIC_THREADS),
    ("POST {channel}/threads", {"name": "x", "type": 12}, VIEW | Permission.CREATE_PRIVATE_THREADS),
    ("PATCH {voice}", {"name": "x"}, VIEW | MANAGE | Permission.CONNECT),
    ("POST {voice}/messages", {"content": "x"}, VIEW | SAY | Permission.CONNECT),
    ("POST {forum}/threads", {"name": "x", "message": {"content": "x"}}, VIEW | SAY),
    ("POST {thread}/messages", {"content": "x"}, VIEW | THREADS),
    ("PATCH {thread}", {"name": "x"}, VIEW | Permission.MANAGE_THREADS),
    ("POST {guild}/channels", {"name": "x"}, MANAGE),
    ("POST {guild}/roles", {"name": "x", "permissions": "0"}, ROLES),
    ("PATCH {guild}/roles/{role}", {"name": "x"}, ROLES),
    ("PUT {guild}/members/{member}/roles/{role}", None, ROLES),
    ("PATCH {guild}/members/{member}", {"nick": "x"}, Permission.MANAGE_NICKNAMES),
    ("PATCH {guild}/members/@me", {"nick": "x"}, Permission.CHANGE_NICKNAME),
    ("PATCH {guild}/members/{member}", {"communication_disabled_until": None}, Permission.MODERATE_MEMBERS),
    ("GET {guild}/prune", None, Permission.KICK_MEMBERS | GUILD),
    ("GET {guild}/bans", None, Permission.BAN_MEMBERS),
    ("GET {guild}/webhooks", None, Permission.MANAGE_WEBHOOKS),
    ("GET {guild}/audit-logs", None, Permission.VIEW_AUDIT_LOG),
    ("PATCH {guild}", {"name": "renamed"}, GUILD),
)
"""Operations with a body and what they need (Discord's documentation, at each of them)."""


@pytest.mark.parametrize(("operation", "body", "needed"), NEEDS, ids=lambda value: str(value)[:60])
async def test_an_operation_needs_just_these_permissions(
    api: Api, operation: str, body: dict[str, object] | None, needed: Permission
) -> None:
    api.sandbox.limits = Limits(requests_per_second=0, global_limit=0)
    world = api.sandbox.world
    for role in world.guild.roles.values():
        role.permissions = 0
    powers, low = api.may(), world.add_role("low")
    powers.position, low.position = 9, 1
    method, template = operation.split()
    powers.permissions = EVERYTHING
    places = await _places(api, low)

    allowed: set[Permission] = set()
    for one in Permission:
        powers.permissions = EVERYTHING & ~(one | Permission.ADMINISTRATOR)
        message = await api.say(by=world.owner)
        path = template.format(**places, message=message)
        sent = body
        if body is not None and "message_reference" in body:
            sent = {**body, "message_reference": {"message_id": message}}
        reply = await api(method, path, sent)
        assert reply.status < 300 or reply.body["code"] in REFUSALS, f"without {one.name}: {reply}"
        if reply.status < 300:
            allowed.add(one)

    assert {one.name for one in Permission if one not in allowed} == {one.name for one in needed}


async def _places(api: Api, role: Role) -> dict[str, str]:
    """Return what a path may name."""
    world = api.sandbox.world
    made: dict[str, str] = {}
    for name, kind in (("voice", 2), ("forum", 15)):
        reply = await api("POST", f"{api.guild}/channels", {"name": name, "type": kind}, by=world.owner)
        made[name] = f"/channels/{reply.body['id']}"
    thread = await api("POST", f"{api.channel}/threads", {"name": "thread", "type": 11}, by=world.owner)
    return {
        **made,
        "thread": f"/channels/{thread.body['id']}",
        "channel": api.channel,
        "guild": api.guild,
        "member": world.member.id,
        "role": role.id,
        "thumb": THUMB,
    }
