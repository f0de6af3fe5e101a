"""Threads, as a nextcord bot begins them, joins them and hears of them."""

import io
from typing import Any

import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from acore.sandbox import Sandbox
from tests.sandbox.conftest import Ask, NewBot, Running
from tests.sandbox.places.conftest import AsOwner, Ears


async def test_a_bot_begins_a_thread_with_a_message(ears: Ears) -> None:
    message = await ears.general.send("what about lunch?")
    thread = await message.create_thread(name="Lunch", auto_archive_duration=60)
    assert (await ears.hear("thread_create"))[0].id == thread.id == message.id
    before_or_after = await ears.hear("raw_message_edit")
    assert before_or_after[0].data["thread"]["id"] == str(thread.id)
    starter = (await ears.hear("message"))[0]
    assert (starter.type, starter.reference.message_id) == (
        nextcord.MessageType.thread_starter_message,
        message.id,
    )
    fetched = await ears.general.fetch_message(message.id)
    assert fetched.flags.has_thread
    assert ears.general.get_thread(thread.id) is not None


async def test_a_bot_begins_public_and_private_threads(ears: Ears) -> None:
    public = await ears.general.create_thread(name="open", type=nextcord.ChannelType.public_thread)
    private = await ears.general.create_thread(name="closed", invitable=False)
    assert (public.type, private.type, private.invitable) == (
        nextcord.ChannelType.public_thread,
        nextcord.ChannelType.private_thread,
        False,
    )
    assert private.me is not None
    active = await ears.place.active_threads()
    assert {one.id for one in active} == {public.id, private.id}


async def test_a_bot_hears_of_threads_that_are_changed_archived_and_deleted(
    ears: Ears, as_owner: AsOwner
) -> None:
    body = (await as_owner("POST", f"/channels/{ears.general.id}/threads", {"name": "talk", "type": 11})).body
    thread = (await ears.hear("thread_create"))[0]
    path = f"/channels/{body['id']}"
    await as_owner("PATCH", path, {"name": "chat", "locked": True})
    before, after = await ears.hear("thread_update")
    assert (before.name, after.name, after.locked) == ("talk", "chat", True)
    await thread.edit(archived=True)
    await ears.hear("thread_update")
    assert [one.id async for one in ears.general.archived_threads()] == [thread.id]
    await as_owner("DELETE", path)
    assert (await ears.hear("thread_delete"))[0].id == thread.id


async def test_a_bot_hears_who_joins_and_leaves_a_thread(ears: Ears, as_owner: AsOwner) -> None:
    thread = await ears.general.create_thread(name="talk", type=nextcord.ChannelType.public_thread)
    member = ears.sandbox.world.member
    await ears.hear("thread_create")
    await thread.add_user(nextcord.Object(int(member.id)))
    assert (await ears.hear("thread_member_join"))[0].id == int(member.id)
    await as_owner("DELETE", f"/channels/{thread.id}/thread-members/{member.id}")
    assert (await ears.hear("thread_member_remove"))[0].id == int(member.id)
    await thread.send(f"look, <@{member.id}>")
    assert (await ears.hear("thread_member_join"))[0].id == int(member.id), "who is mentioned is taken in"


async def test_a_bot_that_is_taken_into_a_private_thread_learns_of_it(
    sandbox: Sandbox, running: Running, as_owner: AsOwner
) -> None:
    ears = Ears(sandbox)
    async with running(sandbox, ears):
        sent = {"name": "secret", "type": 12}
        path = f"/channels/{sandbox.channel_id}/threads"
        secret = (await as_owner("POST", path, sent)).body
        await as_owner("POST", path, {"name": "open", "type": 11})
        assert (await ears.hear("thread_create"))[0].name == "open", "of the other it does not hear"
        own = f"/channels/{secret['id']}/thread-members/{sandbox.application_id}"
        await ears.hear("thread_join")
        await as_owner("PUT", own)
        assert (await ears.hear("thread_join"))[0].name == "secret"
        await as_owner("DELETE", own)
        assert (await ears.hear("thread_remove"))[0].name == "secret"


async def test_a_bot_that_comes_later_finds_the_active_threads_it_may_see(
    sandbox: Sandbox, new_bot: NewBot, running: Running, as_owner: AsOwner, ask: Ask
) -> None:
    path = f"/channels/{sandbox.channel_id}/threads"
    await as_owner("POST", path, {"name": "open", "type": 11})
    await as_owner("POST", path, {"name": "secret", "type": 12})
    old = (await as_owner("POST", path, {"name": "old", "type": 11})).body
    await as_owner("PATCH", f"/channels/{old['id']}", {"archived": True})
    own = (await ask(sandbox, "POST", path, {"name": "own", "type": 12})).body
    async with running(sandbox, new_bot()) as bot:
        names: set[Any] = {one.name for one in bot.guilds[0].threads}  # pyright: ignore[reportUnknownMemberType] - nextcord's
        assert names == {"open", "own"}
        thread = bot.guilds[0].get_thread(int(own["id"]))
        assert thread is not None
        assert thread.me is not None


async def test_without_the_members_intent_a_bot_hears_of_itself_alone(
    sandbox: Sandbox, running: Running, as_owner: AsOwner
) -> None:
    intents = nextcord.Intents.default()
    ears = Ears(sandbox, intents)
    async with running(sandbox, ears):
        path = f"/channels/{sandbox.channel_id}/threads"
        thread = (await as_owner("POST", path, {"name": "talk", "type": 11})).body
        members = f"/channels/{thread['id']}/thread-members"
        await as_owner("PUT", f"{members}/{sandbox.world.member.id}")
        await as_owner("PUT", f"{members}/{sandbox.application_id}")
        await ears.hear("thread_create")
        await ears.hear("thread_join")
        await ears.hear("thread_join")
        assert "thread_member_join" not in [name for name, _ in ears.heard]


async def test_a_bot_joins_and_leaves_a_thread(unrecorded: Sandbox, running: Running, ask: Ask) -> None:
    """Nextcord joins with POST; Discord describes PUT, and takes both."""
    ears = Ears(unrecorded)
    async with running(unrecorded, ears):
        sent = {"name": "talk", "type": 11}
        path = f"/channels/{unrecorded.channel_id}/threads"
        await ask(unrecorded, "POST", path, sent, unrecorded.world.owner.token)
        thread = (await ears.hear("thread_create"))[0]
        await ears.hear("thread_join")
        await thread.join()
        await ears.hear("thread_join")
        everybody = {int(unrecorded.world.owner.id), int(unrecorded.application_id)}
        assert {one.id for one in await thread.fetch_members()} == everybody
        await thread.leave()
        await ears.hear("thread_remove")


async def test_a_bot_begins_a_post_with_files_and_an_embed(ears: Ears) -> None:
    made = await ears.place.create_forum_channel("help", topic="ask")
    await ears.hear("guild_channel_create")
    forum: Any = ears.place.get_channel(made.id)
    files = [nextcord.File(io.BytesIO(b"text"), "a.txt", description="what it says")]
    embed = nextcord.Embed(title="look")
    post = await forum.create_thread(name="How?", content="like this", embed=embed, files=files)
    first = await post.fetch_message(post.id)
    assert (first.content, [one.title for one in first.embeds]) == ("like this", ["look"])
    attachment = first.attachments[0]
    assert (attachment.filename, attachment.description) == ("a.txt", "what it says")
    await post.edit(name="Why?", auto_archive_duration=1440, slowmode_delay=5)
    await ears.hear("thread_update")
    cached: Any = ears.place.get_thread(post.id)
    assert (cached.name, cached.auto_archive_duration, cached.slowmode_delay) == ("Why?", 1440, 5)
