"""What Discord demands of a message's components, and how they are sent back."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.sandbox.conftest import Reply
from tests.sandbox.interactions.conftest import Stage, wrong_fields
from tests.sandbox.rawbot import button, row

type Body = dict[str, Any]

V2 = 1 << 15


def select(kind: int = 3, custom_id: str = "pick", **more: object) -> Body:
    """Return a select; one of texts has two options."""
    body: Body = {"type": kind, "custom_id": custom_id, **more}
    if kind == 3:
        body.setdefault("options", [choice("a"), choice("b")])
    return body


def choice(value: str, **more: object) -> Body:
    return {"label": value.upper(), "value": value, **more}


def text(content: str = "text", **more: object) -> Body:
    return {"type": 10, "content": content, **more}


def section(*texts: Body, accessory: Body | None = None) -> Body:
    return {"type": 9, "components": list(texts or [text()]), "accessory": accessory or button()}


def container(*components: Body, **more: object) -> Body:
    return {"type": 17, "components": list(components or [text()]), **more}


def link(**more: object) -> Body:
    return {"type": 2, "style": 5, "label": "Go", "url": "https://example.com/", **more}


async def say(
    stage: Stage, components: object, *, flags: int = 0, files: Mapping[str, bytes] | None = None
) -> Reply:
    """Have the bot say something with components."""
    body: Body = {"components": components, "flags": flags}
    if not flags & V2:
        body["content"] = "content"
    path = f"/channels/{stage.sandbox.channel_id}/messages"
    return await stage.bot.request("POST", path, body, files=files)


@pytest.mark.parametrize(
    ("components", "field"),
    [
        ("none", "components"),
        (["none"], "components.0"),
        ([row(button(str(number))) for number in range(6)], "components"),
        ([button()], "components.0.type"),
        ([text()], "components.0.type"),
        ([{"components": [button()]}], "components.0.type"),
        ([row()], "components.0.components"),
        ([{"type": 1}], "components.0.components"),
        ([row(*(button(str(number)) for number in range(6)))], "components.0.components"),
        ([row(select(), button())], "components.0.components.1"),
        ([row(select(), select(custom_id="other"))], "components.0.components.1"),
        (
            [row({"type": 4, "custom_id": "text", "style": 1, "label": "Text"})],
            "components.0.components.0.type",
        ),
        ([row(row(button()))], "components.0.components.0.type"),
        ([row(button(id=-1))], "components.0.components.0.id"),
        ([row(button("a", id=5), button("b", id=5))], "components.0.components.1.id"),
        ([row(button("a"), button("a"))], "components.0.components.1.custom_id"),
        ([row(button("a")), row(button("a"))], "components.1.components.0.custom_id"),
        ([row(button(""))], "components.0.components.0.custom_id"),
        ([row(button("x" * 101))], "components.0.components.0.custom_id"),
        ([row({"type": 2, "style": 1, "label": "No id"})], "components.0.components.0.custom_id"),
        ([row(button(style=0))], "components.0.components.0.style"),
        ([row(button(style=7))], "components.0.components.0.style"),
        ([row(button(style=None))], "components.0.components.0.style"),
        ([row(button(label="x" * 81))], "components.0.components.0.label"),
        ([row(button(label=None))], "components.0.components.0.label"),
        ([row(button(disabled="no"))], "components.0.components.0.disabled"),
        ([row(button(url="https://example.com/"))], "components.0.components.0.url"),
        ([row(button(emoji="🙂"))], "components.0.components.0.emoji"),
        ([row(button(emoji={"name": ""}))], "components.0.components.0.emoji.name"),
        ([row(button(emoji={"id": "many", "name": "x"}))], "components.0.components.0.emoji.id"),
        ([row(button(emoji={"name": ":smile:"}))], "components.0.components.0.emoji.name"),
        ([row(link(url=None))], "components.0.components.0.url"),
        ([row(link(url="example"))], "components.0.components.0.url"),
        ([row(link(url="ftp://example.com"))], "components.0.components.0.url"),
        ([row(link(url="https://example.com/" + "x" * 500))], "components.0.components.0.url"),
        ([row(link(custom_id="both"))], "components.0.components.0.custom_id"),
        ([row({"type": 2, "style": 6})], "components.0.components.0.sku_id"),
        ([row({"type": 2, "style": 6, "sku_id": "1", "label": "Buy"})], "components.0.components.0.label"),
        ([row(select(custom_id=""))], "components.0.components.0.custom_id"),
        ([row(select(placeholder="x" * 151))], "components.0.components.0.placeholder"),
        ([row(select(options=None))], "components.0.components.0.options"),
        ([row(select(options=[]))], "components.0.components.0.options"),
        ([row(select(options=[choice(str(n)) for n in range(26)]))], "components.0.components.0.options"),
        (
            [row(select(options=[choice("a"), choice("a")]))],
            "components.0.components.0.options.1.value",
        ),
        ([row(select(options=[choice("a", label="")]))], "components.0.components.0.options.0.label"),
        ([row(select(options=[choice("x" * 101)]))], "components.0.components.0.options.0.value"),
        (
            [row(select(options=[choice("a", description="x" * 101)]))],
            "components.0.components.0.options.0.description",
        ),
        ([row(select(options=[choice("a", emoji={})]))], "components.0.components.0.options.0.emoji.name"),
        (
            [row(select(options=[choice("a", default=True), choice("b", default=True)]))],
            "components.0.components.0.options",
        ),
        ([row(select(min_values=-1))], "components.0.components.0.min_values"),
        ([row(select(max_values=0))], "components.0.components.0.max_values"),
        (
            [row(select(max_values=3, options=[choice("a"), choice("b")]))],
            "components.0.components.0.options",
        ),
        ([row(select(max_values=26))], "components.0.components.0.max_values"),
        ([row(select(min_values=2, max_values=1))], "components.0.components.0.min_values"),
        (
            [row(select(5, default_values=[{"id": "1", "type": "role"}]))],
            "components.0.components.0.default_values.0.type",
        ),
        (
            [row(select(5, default_values=[{"id": "me", "type": "user"}]))],
            "components.0.components.0.default_values.0.id",
        ),
        (
            [row(select(7, default_values=[{"id": "1", "type": "user"}, {"id": "2", "type": "role"}]))],
            "components.0.components.0.default_values",
        ),
        ([row(select(8, channel_types=[99]))], "components.0.components.0.channel_types.0"),
    ],
)
async def test_components_against_the_rules_are_refused_and_the_field_named(
    rough: Stage, components: object, field: str
) -> None:
    assert field in wrong_fields(await say(rough, components))


WRONG_LAYOUTS: list[tuple[Any, str]] = [
    ([button()], "components.0.type"),
    ([text("")], "components.0.content"),
    ([text("x" * 4001)], "components.0.content"),
    ([text("x" * 2001), text("x" * 2000)], "components"),
    ([text() for _ in range(41)], "components"),
    ([container(*[text() for _ in range(20)]), container(*[text() for _ in range(19)])], "components"),
    ([{"type": 9, "components": [text()]}], "components.0.accessory"),
    ([section(accessory=text())], "components.0.accessory.type"),
    ([section(button())], "components.0.components.0.type"),
    ([section(*[text()] * 4)], "components.0.components"),
    ([container(container())], "components.0.components.0.type"),
    ([container(accent_color=-1)], "components.0.accent_color"),
    ([container(accent_color=0x1000000)], "components.0.accent_color"),
    ([container(spoiler="yes")], "components.0.spoiler"),
    ([{"type": 17, "components": []}], "components.0.components"),
    ([{"type": 12, "items": []}], "components.0.items"),
    ([{"type": 12, "items": [{"media": {"url": "https://a/b"}}] * 11}], "components.0.items"),
    ([{"type": 12, "items": [{"media": {"url": "file:///etc"}}]}], "components.0.items.0.media.url"),
    ([{"type": 12, "items": [{"description": "x"}]}], "components.0.items.0.media"),
    ([{"type": 13, "file": {"url": "https://a/b.txt"}}], "components.0.file.url"),
    ([{"type": 13}], "components.0.file"),
    ([{"type": 14, "spacing": 3}], "components.0.spacing"),
    ([{"type": 14, "divider": 1}], "components.0.divider"),
    ([{"type": 18, "label": "In a modal", "component": select()}], "components.0.type"),
    ([section(accessory=button("a")), row(button("a"))], "components.1.components.0.custom_id"),
]


@pytest.mark.parametrize(("components", "field"), WRONG_LAYOUTS)
async def test_layouts_against_the_rules_are_refused_and_the_field_named(
    rough: Stage, components: object, field: str
) -> None:
    assert field in wrong_fields(await say(rough, components, flags=V2))


@pytest.mark.parametrize("key", ["content", "embeds"])
async def test_a_layout_is_the_whole_message(rough: Stage, key: str) -> None:
    extra = {"content": "text", "embeds": [{"title": "Title"}]}[key]
    body = {"components": [text()], "flags": V2, key: extra}
    path = f"/channels/{rough.sandbox.channel_id}/messages"

    assert wrong_fields(await rough.bot.request("POST", path, body)) == {key}


async def test_buttons_of_every_style_and_selects_of_every_kind_are_sent_back(stage: Stage) -> None:
    styles = [button(str(style), style=style, emoji={"id": None, "name": "🙂"}) for style in range(1, 5)]
    others = [link(disabled=True), {"type": 2, "style": 6, "sku_id": "123456789012345678"}]
    defaults = {
        5: [{"id": stage.sandbox.world.owner.id, "type": "user"}],
        6: [{"id": stage.sandbox.guild_id, "type": "role"}],
        7: [],
        8: [{"id": stage.sandbox.channel_id, "type": "channel"}],
    }
    first = (await say(stage, [row(*styles), row(*others), row(select(placeholder="Pick"))])).body
    second = (
        await say(
            stage, [row(select(kind, str(kind), default_values=them)) for kind, them in defaults.items()]
        )
    ).body

    ids = [one["id"] for top in first["components"] for one in (top, *top["components"])]
    assert len(set(ids)) == len(ids)
    shown = [one for top in first["components"] for one in top["components"]]
    assert [one.get("style") for one in shown] == [1, 2, 3, 4, 5, 6, None]
    assert shown[0]["emoji"] == {"name": "🙂"}
    assert (shown[6]["min_values"], shown[6]["max_values"], shown[6]["placeholder"]) == (1, 1, "Pick")
    assert [top["components"][0]["default_values"] for top in second["components"]] == list(defaults.values())


async def test_ids_that_were_given_are_kept_and_others_filled_in_around_them(stage: Stage) -> None:
    message = (
        await say(stage, [{**row(button("a", id=1), button("b")), "id": 0}, row(button("c", id=7))])
    ).body

    ids = [one["id"] for top in message["components"] for one in (top, *top["components"])]
    assert (ids[1], ids[4]) == (1, 7)
    assert len(set(ids)) == 5


async def test_a_layout_is_sent_back_whole_with_its_files(stage: Stage) -> None:
    layout = [
        container(
            section(text("# Title"), accessory={"type": 11, "media": {"url": "attachment://a.png"}}),
            {"type": 14, "spacing": 2},
            {"type": 12, "items": [{"media": {"url": "https://example.com/b.png"}, "description": "B"}]},
            {"type": 13, "file": {"url": "attachment://c.txt"}, "spoiler": True},
            row(button("inside")),
            accent_color=0xFF0000,
        ),
        text("below"),
    ]
    files = {"a.png": b"picture", "c.txt": b"text"}
    message = (await say(stage, layout, flags=V2, files=files)).body
    (box, below) = message["components"]
    (head, line, gallery, file, _) = box["components"]

    assert message["flags"] & V2
    assert (box["accent_color"], box["spoiler"], below["content"]) == (0xFF0000, False, "below")
    assert head["accessory"]["media"]["url"].startswith(stage.sandbox.origin)
    assert head["accessory"]["media"]["attachment_id"]
    assert (line["spacing"], line["divider"]) == (2, True)
    assert gallery["items"][0]["media"]["url"] == "https://example.com/b.png"
    assert (gallery["items"][0]["description"], gallery["items"][0]["spoiler"]) == ("B", False)
    assert (file["name"], file["size"], file["spoiler"]) == ("c.txt", 4, True)


async def test_a_layout_stays_one_when_it_is_changed(stage: Stage) -> None:
    message = (await say(stage, [text("before")], flags=V2)).body
    path = f"/channels/{stage.sandbox.channel_id}/messages/{message['id']}"
    changed = await stage.bot.request("PATCH", path, {"components": [text("after")]})

    assert changed.body["components"][0]["content"] == "after"
    assert changed.body["flags"] & V2


async def test_a_plain_message_takes_no_layout_when_it_is_changed(rough: Stage) -> None:
    message = (await say(rough, [row(button())])).body
    path = f"/channels/{rough.sandbox.channel_id}/messages/{message['id']}"
    refused = await rough.bot.request("PATCH", path, {"components": [text("after")]})

    assert wrong_fields(refused) == {"components.0.type"}
