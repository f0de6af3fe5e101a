"""Files: how nextcord sends them, what Discord tells of them, and where they are read from."""

import io

import aiohttp
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from tests.sandbox.conftest import Ask, NewBot, Running
from tests.sandbox.messages.test_pictures import PNG


def text_channel(sandbox: Sandbox, bot: nextcord.Client) -> nextcord.TextChannel:
    channel = bot.get_channel(int(sandbox.channel_id))
    assert isinstance(channel, nextcord.TextChannel)
    return channel


def file(name: str, data: bytes = b"data", description: str | None = None) -> nextcord.File:
    return nextcord.File(io.BytesIO(data), name, description=description)


async def test_a_picture_is_read_back_with_its_size_and_description(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        message = await text_channel(sandbox, bot).send(file=file("my fox.png", PNG, "a fox"))
        [picture] = message.attachments

        assert (picture.filename, picture.description) == ("my_fox.png", "a fox")
        assert (picture.width, picture.height, picture.size) == (640, 480, len(PNG))
        assert picture.content_type == "image/png"
        assert await picture.read() == PNG


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.log", "text/plain; charset=utf-8"),
        ("a.JSON", "application/json"),
        ("a.webp", "image/webp"),
        ("a.mp4", "video/mp4"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
async def test_a_file_is_served_as_what_its_name_says(
    sandbox: Sandbox, new_bot: NewBot, running: Running, name: str, kind: str
) -> None:
    async with running(sandbox, new_bot()) as bot, aiohttp.ClientSession() as http:
        message = await text_channel(sandbox, bot).send(file=file(name))
        async with http.get(message.attachments[0].url + "?ex=1&is=2&hm=3") as response:
            assert response.headers["Content-Type"] == message.attachments[0].content_type == kind
            assert await response.read() == b"data"


async def test_a_file_is_found_under_its_own_address_alone_and_goes_with_its_message(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot, aiohttp.ClientSession() as http:
        message = await text_channel(sandbox, bot).send(file=file("a.txt"))
        url = message.attachments[0].url
        for wrong in (url.replace("a.txt", "b.txt"), url.replace(sandbox.channel_id, "1")):
            async with http.get(wrong) as response:
                assert response.status == 404
        await message.delete()
        async with http.get(url) as response:
            assert response.status == 404


async def test_a_picture_in_an_embed_is_not_listed_once_more(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        embed = nextcord.Embed(title="fox").set_image(url="attachment://fox.png")
        embed.set_footer(text="foot", icon_url="attachment://icon.png")
        message = await text_channel(sandbox, bot).send(
            embed=embed, files=[file("fox.png", PNG), file("icon.png", PNG), file("notes.txt")]
        )
        shown = message.embeds[0]

        assert [one.filename for one in message.attachments] == ["notes.txt"]
        assert (shown.image.width, shown.image.height) == (640, 480)
        for url in (shown.image.url, shown.image.proxy_url, shown.footer.icon_url):
            assert url is not None
            assert await bot.http.get_from_cdn(url) == PNG

        changed = await message.edit(content="the picture stays", attachments=message.attachments)
        assert await bot.http.get_from_cdn(str(changed.embeds[0].image.url)) == PNG
        without = await changed.edit(embed=nextcord.Embed(title="no fox"), attachments=[])
        assert without.attachments == []
        with pytest.raises(nextcord.NotFound):
            await bot.http.get_from_cdn(str(shown.image.url))


async def test_an_edit_keeps_removes_and_adds_files(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        message = await text_channel(sandbox, bot).send(files=[file("a.txt"), file("b.txt")])

        text = await message.edit(content="files stay")
        assert [one.filename for one in text.attachments] == ["a.txt", "b.txt"]
        fewer = await message.edit(attachments=text.attachments[:1])
        assert [one.filename for one in fewer.attachments] == ["a.txt"]
        more = await message.edit(attachments=fewer.attachments, file=file("c.txt", b"new"))
        assert [one.filename for one in more.attachments] == ["a.txt", "c.txt"]
        assert await more.attachments[1].read() == b"new"
        # nextcord names the new files alone unless it is told to keep the others.
        alone = await message.edit(file=file("d.txt"))
        assert [one.filename for one in alone.attachments] == ["d.txt"]


async def test_descriptions_are_tied_to_files_by_number_or_text_and_changed_later(
    sandbox: Sandbox, ask: Ask
) -> None:
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"attachments": [{"id": 1, "description": "one"}, {"id": "0"}]}')
    for number in range(2):
        form.add_field(f"files[{number}]", io.BytesIO(b"x"), filename=f"{number}.txt")
    headers = {"Authorization": f"Bot {sandbox.bot_token}"}
    url = f"{sandbox.api}/channels/{sandbox.channel_id}/messages"
    async with aiohttp.ClientSession() as http, http.post(url, data=form, headers=headers) as response:
        said = await response.json()
    first, second = said["attachments"]

    path = f"/channels/{sandbox.channel_id}/messages/{said['id']}"
    entry = {"id": first["id"], "description": "zero"}
    changed = await ask(sandbox, "PATCH", path, {"attachments": [entry]})

    assert (first.get("description"), second["description"]) == (None, "one")
    assert [one.get("description") for one in changed.body["attachments"]] == ["zero"]


async def test_a_file_announced_before_is_sent_by_its_key(unrecorded: Sandbox, ask: Ask) -> None:
    owner = unrecorded.world.owner
    path = f"/channels/{unrecorded.channel_id}"
    files = {"files": [{"filename": "a.txt", "file_size": 3}]}
    announced = await ask(unrecorded, "POST", f"{path}/attachments", files, owner.token)
    [slot] = announced.body["attachments"]
    async with aiohttp.ClientSession() as http, http.put(slot["upload_url"], data=b"abc") as response:
        assert response.status == 200
    entry = {"id": "0", "filename": "renamed.txt", "uploaded_filename": slot["upload_filename"]}

    said = await ask(unrecorded, "POST", f"{path}/messages", {"attachments": [entry]}, owner.token)

    assert [one["filename"] for one in said.body["attachments"]] == ["renamed.txt"]
    async with aiohttp.ClientSession() as http, http.get(said.body["attachments"][0]["url"]) as response:
        assert await response.read() == b"abc"


async def test_a_channel_forgets_its_oldest_messages_and_their_files(ask: Ask) -> None:
    async with Sandbox(messages_kept=20) as sandbox, aiohttp.ClientSession() as http:
        channel = sandbox.world.channel
        headers = {"Authorization": f"Bot {sandbox.bot_token}"}
        url = f"{sandbox.api}/channels/{channel.id}/messages"
        form = aiohttp.FormData()
        form.add_field("file", b"x", filename="x.txt")
        async with http.post(url, data=form, headers=headers) as response:
            first = await response.json()
        answer = {"content": "1", "message_reference": {"message_id": first["id"]}}
        replied = (await ask(sandbox, "POST", f"/channels/{channel.id}/messages", answer)).body["id"]
        for number in range(2, 21):
            await ask(sandbox, "POST", f"/channels/{channel.id}/messages", {"content": str(number)})

        assert [one.content for one in channel.messages.values()] == [str(number) for number in range(3, 21)]
        assert replied not in channel.messages
        async with http.get(first["attachments"][0]["url"]) as response:
            assert response.status == 404
        for number in range(21, 60):
            await ask(sandbox, "POST", f"/channels/{channel.id}/messages", {"content": str(number)})
            assert 18 <= len(channel.messages) <= 20
