"""Webhooks and invites, as a nextcord bot makes them, uses them and hears of them."""

import aiohttp
import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from tests.sandbox.places.conftest import AsOwner, Ears


async def test_a_bot_makes_a_webhook_and_writes_with_it(ears: Ears) -> None:
    hook = await ears.general.create_webhook(name="news")
    assert (await ears.hear("webhooks_update"))[0] == ears.general
    said = await hook.send("hello", username="Somebody", wait=True)
    heard = (await ears.hear("message"))[0]
    assert (heard.id, heard.webhook_id, heard.author.name) == (said.id, hook.id, "Somebody")
    assert not isinstance(heard.author, nextcord.Member)
    await said.edit(content="hello again")
    assert (await ears.hear("message_edit"))[1].content == "hello again"
    await said.delete()
    await ears.hear("message_delete")
    assert [one.id for one in await ears.general.webhooks()] == [hook.id]
    await hook.edit(name="olds")
    assert [one.name for one in await ears.place.webhooks()] == ["olds"]
    await hook.delete()
    assert await ears.place.webhooks() == []


async def test_whoever_has_the_address_writes_with_a_webhook(ears: Ears) -> None:
    made = await ears.general.create_webhook(name="news")
    async with aiohttp.ClientSession() as session:
        hook = nextcord.Webhook.from_url(
            f"https://discord.com/api/webhooks/{made.id}/{made.token}", session=session
        )
        await hook.send(embed=nextcord.Embed(title="look"))
        heard = (await ears.hear("message"))[0]
        assert [one.title for one in heard.embeds] == ["look"]
        fetched = await hook.fetch()
        assert (fetched.name, fetched.channel_id) == ("news", ears.general.id)


async def test_a_webhook_writes_into_a_thread(ears: Ears) -> None:
    hook = await ears.general.create_webhook(name="news")
    thread = await ears.general.create_thread(name="talk", type=nextcord.ChannelType.public_thread)
    await hook.send("in here", thread=thread)
    while (heard := (await ears.hear("message"))[0]).content != "in here":
        pass
    assert heard.channel == thread


async def test_a_bot_makes_invites_and_hears_how_they_are_used(ears: Ears, as_owner: AsOwner) -> None:
    invite = await ears.general.create_invite(max_uses=1, max_age=60)
    heard = (await ears.hear("invite_create"))[0]
    assert (heard.code, heard.max_uses, heard.max_age, heard.uses) == (invite.code, 1, 60, 0)
    assert [one.code for one in await ears.place.invites()] == [invite.code]
    assert [one.code for one in await ears.general.invites()] == [invite.code]
    fetched = await ears.fetch_invite(invite.code or "")
    assert (fetched.guild, fetched.approximate_member_count) == (ears.place, 3)

    world = ears.sandbox.world
    guild = world.add_guild("Elsewhere", users=[])
    someone = world.add_user("someone", guild=guild)
    reply = await as_owner("POST", f"/invites/{invite.code}")
    assert reply.status == 200, "the owner is in already and uses nothing"
    assert invite.code in world.invites
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{ears.sandbox.api}/invites/{invite.code}", headers={"Authorization": someone.token}
        ) as response,
    ):
        assert response.status == 200
    assert (await ears.hear("member_join"))[0].name == "someone"
    assert (await ears.hear("invite_delete"))[0].code == invite.code

    other = await ears.general.create_invite()
    await other.delete(reason="over")
    assert (await ears.hear("invite_delete"))[0].code == other.code
