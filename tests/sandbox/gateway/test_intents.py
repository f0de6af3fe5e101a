"""What a bot hears and sees, by the intents it asked for."""

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.gateway import intents
from acore.sandbox.gateway.intents import Intent
from acore.sandbox.shapes import Json
from acore.sandbox.state import voice
from tests.sandbox.conftest import Ask, NewBot, Running
from tests.sandbox.gateway.places import voice_channel
from tests.sandbox.gateway.wire import wire

OWN, OTHER = "111", "222"
EVERY = int(intents.ALL)

NEEDED = {
    "GUILD_CREATE": Intent.GUILDS,
    "GUILD_DELETE": Intent.GUILDS,
    "GUILD_ROLE_UPDATE": Intent.GUILDS,
    "CHANNEL_CREATE": Intent.GUILDS,
    "CHANNEL_PINS_UPDATE": Intent.GUILDS,
    "THREAD_LIST_SYNC": Intent.GUILDS,
    "THREAD_MEMBER_UPDATE": Intent.GUILDS,
    "STAGE_INSTANCE_CREATE": Intent.GUILDS,
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": Intent.GUILD_MODERATION,
    "GUILD_BAN_ADD": Intent.GUILD_MODERATION,
    "GUILD_BAN_REMOVE": Intent.GUILD_MODERATION,
    "GUILD_EMOJIS_UPDATE": Intent.GUILD_EXPRESSIONS,
    "GUILD_STICKERS_UPDATE": Intent.GUILD_EXPRESSIONS,
    "GUILD_SOUNDBOARD_SOUND_CREATE": Intent.GUILD_EXPRESSIONS,
    "GUILD_INTEGRATIONS_UPDATE": Intent.GUILD_INTEGRATIONS,
    "INTEGRATION_CREATE": Intent.GUILD_INTEGRATIONS,
    "WEBHOOKS_UPDATE": Intent.GUILD_WEBHOOKS,
    "INVITE_CREATE": Intent.GUILD_INVITES,
    "INVITE_DELETE": Intent.GUILD_INVITES,
    "VOICE_STATE_UPDATE": Intent.GUILD_VOICE_STATES,
    "VOICE_CHANNEL_EFFECT_SEND": Intent.GUILD_VOICE_STATES,
    "PRESENCE_UPDATE": Intent.GUILD_PRESENCES,
    "MESSAGE_CREATE": Intent.GUILD_MESSAGES,
    "MESSAGE_UPDATE": Intent.GUILD_MESSAGES,
    "MESSAGE_DELETE": Intent.GUILD_MESSAGES,
    "MESSAGE_DELETE_BULK": Intent.GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": Intent.GUILD_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": Intent.GUILD_MESSAGE_REACTIONS,
    "TYPING_START": Intent.GUILD_MESSAGE_TYPING,
    "GUILD_SCHEDULED_EVENT_CREATE": Intent.GUILD_SCHEDULED_EVENTS,
    "GUILD_SCHEDULED_EVENT_USER_ADD": Intent.GUILD_SCHEDULED_EVENTS,
    "AUTO_MODERATION_RULE_CREATE": Intent.AUTO_MODERATION_CONFIGURATION,
    "AUTO_MODERATION_ACTION_EXECUTION": Intent.AUTO_MODERATION_EXECUTION,
    "MESSAGE_POLL_VOTE_ADD": Intent.GUILD_MESSAGE_POLLS,
}
NEEDED_DIRECTLY = {
    "MESSAGE_CREATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_UPDATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_DELETE": Intent.DIRECT_MESSAGES,
    "CHANNEL_PINS_UPDATE": Intent.DIRECT_MESSAGES,
    "MESSAGE_REACTION_ADD": Intent.DIRECT_MESSAGE_REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": Intent.DIRECT_MESSAGE_REACTIONS,
    "TYPING_START": Intent.DIRECT_MESSAGE_TYPING,
    "MESSAGE_POLL_VOTE_REMOVE": Intent.DIRECT_MESSAGE_POLLS,
}


@pytest.mark.parametrize(("event", "needed"), NEEDED.items())
def test_an_event_of_a_guild_comes_with_its_intent_and_without_it_not(event: str, needed: Intent) -> None:
    payload: Json = {"guild_id": "1"}

    assert intents.wants(needed, event, payload, OWN)
    assert not intents.wants(EVERY & ~needed, event, payload, OWN)


@pytest.mark.parametrize(("event", "needed"), NEEDED_DIRECTLY.items())
def test_an_event_of_a_direct_message_has_intents_of_its_own(event: str, needed: Intent) -> None:
    assert intents.wants(needed, event, {}, OWN)
    assert not intents.wants(EVERY & ~needed, event, {}, OWN)


@pytest.mark.parametrize(
    "event", ["INTERACTION_CREATE", "USER_UPDATE", "VOICE_SERVER_UPDATE", "ENTITLEMENT_CREATE"]
)
def test_some_events_come_without_any_intent(event: str) -> None:
    assert intents.wants(0, event, {"guild_id": "1"}, OWN)


def test_a_bot_always_hears_of_itself_as_a_member() -> None:
    assert intents.wants(0, "GUILD_MEMBER_UPDATE", {"guild_id": "1", "user": {"id": OWN}}, OWN)
    assert not intents.wants(0, "GUILD_MEMBER_UPDATE", {"guild_id": "1", "user": {"id": OTHER}}, OWN)


@pytest.mark.parametrize(
    ("wanted", "who", "hears", "sees"),
    [
        (Intent.GUILD_MEMBERS, [OTHER], True, [OTHER]),
        (Intent.GUILDS, [OTHER], False, []),
        (Intent.GUILDS, [OWN, OTHER], True, [OWN]),
        (Intent.GUILDS | Intent.GUILD_MEMBERS, [OWN, OTHER], True, [OWN, OTHER]),
        (0, [OWN], False, []),
    ],
)
def test_of_who_joins_a_thread_a_bot_hears_by_its_intents(
    *, wanted: int, who: list[str], hears: bool, sees: list[str]
) -> None:
    payload: Json = {
        "guild_id": "1",
        "added_members": [{"user_id": one} for one in who],
        "removed_member_ids": who,
    }

    assert intents.wants(wanted, "THREAD_MEMBERS_UPDATE", payload, OWN) is hears
    if hears:
        shown = intents.as_read_by(wanted, "THREAD_MEMBERS_UPDATE", payload, OWN)
        assert [one["user_id"] for one in shown["added_members"]] == shown["removed_member_ids"] == sees


def said(author: str, **more: object) -> Json:
    """Return a message with something in each of its parts."""
    parts: Json = {"content": "words", "embeds": [{}], "attachments": [{}], "components": [{}], "poll": {}}
    return {"author": {"id": author}, "mentions": [], **parts, **more}


def is_bare(message: Json) -> bool:
    return (
        message["content"] == ""
        and "poll" not in message
        and not any(message[part] for part in ("embeds", "attachments", "components"))
    )


@pytest.mark.parametrize("event", ["MESSAGE_CREATE", "MESSAGE_UPDATE"])
def test_without_message_content_a_message_is_bare_unless_it_is_own_mentions_or_is_direct(event: str) -> None:
    def seen(message: Json, wanted: int = 0) -> Json:
        return intents.as_read_by(wanted, event, message, OWN)

    others = said(OTHER, guild_id="1")
    assert is_bare(seen(others))
    assert seen(others, Intent.MESSAGE_CONTENT) is others
    for readable in (
        said(OWN, guild_id="1"),
        said(OTHER, guild_id="1", mentions=[{"id": OWN}]),
        said(OTHER),
    ):
        assert seen(readable) is readable


def test_without_message_content_what_is_answered_or_forwarded_is_bare_too() -> None:
    forwarded = [{"message": said(OTHER)}]
    message = said(OTHER, guild_id="1", referenced_message=said(OTHER), message_snapshots=forwarded)

    shown = intents.as_read_by(0, "MESSAGE_CREATE", message, OWN)

    assert is_bare(shown)
    assert is_bare(shown["referenced_message"])
    assert shown["message_snapshots"][0]["message"]["content"] == ""
    assert message["referenced_message"]["content"] == "words"


@pytest.mark.parametrize(("author", "answered", "bare"), [(OTHER, OWN, False), (OWN, OTHER, True)])
def test_whether_an_answered_message_is_bare_depends_on_itself(
    *, author: str, answered: str, bare: bool
) -> None:
    message = said(author, guild_id="1", referenced_message=said(answered))

    shown = intents.as_read_by(0, "MESSAGE_CREATE", message, OWN)

    assert is_bare(shown["referenced_message"]) is bare
    assert is_bare(shown) is not bare


async def test_a_reply_hides_what_it_answers_from_a_bot_that_may_not_read(
    unrecorded: Sandbox, ask: Ask
) -> None:
    world, path = unrecorded.world, f"/channels/{unrecorded.channel_id}/messages"
    async with wire(unrecorded) as client:
        await client.identify(Intent.GUILD_MESSAGES)
        first = await ask(unrecorded, "POST", path, {"content": "secret"}, world.owner.token)
        reference = {"message_id": first.body["id"]}
        body = {"content": "hush", "message_reference": reference}
        await ask(unrecorded, "POST", path, body, world.member.token)

        await client.until("MESSAGE_CREATE")
        reply = (await client.until("MESSAGE_CREATE"))["d"]
        assert (reply["content"], reply["referenced_message"]["content"]) == ("", "")


async def guild_create(sandbox: Sandbox, wanted: int, **more: object) -> Json:
    """Return the guild as a bot with these intents is told of it."""
    async with wire(sandbox) as client:
        await client.identify(wanted, **more)
        return (await client.until("GUILD_CREATE"))["d"]


def ids(guild: Json, key: str) -> set[str]:
    """Return whose members or presences a GUILD_CREATE shows."""
    return {one["user"]["id"] for one in guild[key]}


async def test_without_the_intent_for_guilds_none_is_told_but_ready_lists_them(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify(EVERY & ~Intent.GUILDS)
        assert ready["guilds"] == [{"id": unrecorded.guild_id, "unavailable": True}]
        assert "GUILD_CREATE" not in {one["t"] for one in await client.beat()}


async def test_guild_create_shows_others_only_with_the_intent_for_members(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    own, everybody = {world.application.bot.id}, set(world.guild.members)

    for wanted in (Intent.GUILDS, EVERY & ~Intent.GUILD_MEMBERS):
        assert ids(await guild_create(unrecorded, wanted), "members") == own
    for wanted in (Intent.GUILDS | Intent.GUILD_MEMBERS, EVERY):
        assert ids(await guild_create(unrecorded, wanted), "members") == everybody


async def test_guild_create_shows_who_is_online_with_the_intent_for_presences(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    world.owner.presence = {"status": "idle", "activities": []}

    shown = await guild_create(unrecorded, Intent.GUILDS | Intent.GUILD_PRESENCES)
    assert ids(shown, "presences") == {world.owner.id, world.application.bot.id}
    assert {one["status"] for one in shown["presences"]} == {"idle", "online"}
    assert (await guild_create(unrecorded, EVERY & ~Intent.GUILD_PRESENCES))["presences"] == []


async def test_guild_create_shows_who_is_in_voice_with_the_intent_for_that(unrecorded: Sandbox) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    voice.join(world, world.guild, world.guild.members[world.member.id], channel, session_id="x")

    shown = await guild_create(unrecorded, Intent.GUILDS | Intent.GUILD_VOICE_STATES)
    assert [one["user_id"] for one in shown["voice_states"]] == [world.member.id]
    assert world.member.id in ids(shown, "members")
    hidden = await guild_create(unrecorded, EVERY & ~Intent.GUILD_VOICE_STATES & ~Intent.GUILD_MEMBERS)
    assert hidden["voice_states"] == []
    assert world.member.id not in ids(hidden, "members")


async def test_in_a_large_guild_only_who_stands_out_is_shown_unasked(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    for number in range(60):
        world.add_user(f"extra{number}")
    role = world.add_role("with a role")
    world.owner.presence = {"status": "online", "activities": []}
    world.guild.members[world.member.id].nick = "somebody"
    with_role = world.add_user("extra-role", role_ids=[role.id])

    large = await guild_create(unrecorded, EVERY, large_threshold=50)
    small = await guild_create(unrecorded, EVERY, large_threshold=250)

    assert (large["large"], small["large"]) == (True, False)
    assert large["member_count"] == small["member_count"] == len(small["members"]) == 64
    standing_out = {world.application.bot.id, world.owner.id, world.member.id, with_role.id}
    assert ids(large, "members") == standing_out
    without = await guild_create(unrecorded, EVERY & ~Intent.GUILD_PRESENCES, large_threshold=50)
    assert ids(without, "members") == standing_out - {world.owner.id}


@pytest.mark.parametrize(("asked", "threshold"), [(1, 50), (50, 50), (60, 60), (10_000, 250)])
async def test_what_is_large_is_between_50_and_250(unrecorded: Sandbox, asked: int, threshold: int) -> None:
    while len(unrecorded.world.guild.members) < threshold:
        unrecorded.world.add_user(f"extra{len(unrecorded.world.guild.members)}")

    assert not (await guild_create(unrecorded, EVERY, large_threshold=asked))["large"]
    unrecorded.world.add_user("one too many")
    assert (await guild_create(unrecorded, EVERY, large_threshold=asked))["large"]


@pytest.mark.parametrize(
    "wanted",
    [nextcord.Intents.none(), nextcord.Intents.default(), nextcord.Intents(guilds=True, members=True)],
    ids=["none", "default", "members"],
)
async def test_nextcord_gets_ready_with_few_intents(
    unrecorded: Sandbox, new_bot: NewBot, running: Running, wanted: nextcord.Intents
) -> None:
    async with running(unrecorded, new_bot(wanted)) as bot:
        assert bot.is_ready()
        assert [str(one.id) for one in bot.guilds] == [unrecorded.guild_id]
        if wanted.members:
            assert {one.name for one in bot.guilds[0].members} == {"owner", "member", "sandbox-bot"}
