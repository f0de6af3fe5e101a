"""Messages in a terminal look as they do in Discord, as far as a terminal can."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.sandbox.console.ink import text_columns
from acore.sandbox.console.names import Names
from acore.sandbox.console.render import render_message

MESSAGE: dict[str, Any] = {
    "author": {"username": "acore", "bot": True},
    "timestamp": "2026-01-02T03:04:05+00:00",
    "content": "Here you are",
    "flags": 64,
    "embeds": [
        {
            "title": "Health",
            "description": "All is well",
            "color": 0x57F287,
            "fields": [
                {"name": "CPU", "value": "12 %", "inline": True},
                {"name": "Disk", "value": "97 %", "inline": True},
                {"name": "Since", "value": "yesterday", "inline": False},
            ],
            "footer": {"text": "v1"},
        }
    ],
}
NAMES = Names(users={"1": "member"}, roles={"2": "admins"}, channels={"3": "general"})
SGR = re.compile(r"\x1b\[[\d;]*m")


def lines(width: int = 60, *, colour: bool = False, **message: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return the lines below the author's."""
    whole = {"author": {"username": "acore"}, "timestamp": MESSAGE["timestamp"], **message}
    return render_message(whole, colour=colour, width=width, names=NAMES).splitlines()[1:]


def test_a_message_without_colour_is_plain_text() -> None:
    shown = render_message(MESSAGE, colour=False, width=60).splitlines()

    assert shown[0].startswith("acore [BOT] ")
    assert shown[1:5] == [
        "  Here you are",
        "  ▌ Health",
        "  ▌ All is well",
        "  ▌ CPU                          Disk",
    ]
    assert shown[5] == "  ▌ 12 %                         97 %"
    assert shown[6:9] == ["  ▌ Since", "  ▌ yesterday", "  ▌ v1"]
    assert shown[9] == "  👁 Only you can see this"


def test_the_bar_of_an_embed_has_its_colour() -> None:
    assert "\x1b[38;2;87;242;135m▌\x1b[0m" in render_message(MESSAGE, colour=True, width=60)


def test_thinking_is_shown_while_the_bot_thinks() -> None:
    assert lines(flags=128) == ["  ⋯ thinking…"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**bold** *it* _it_ __under__ ~~gone~~ ***both***", ["bold it it under gone both"]),
        ("||secret||", ["‖secret‖"]),
        ("run `a *b*` now", ["run `a *b*` now"]),
        ("```py\nx = 1\n\ny\n``` after", ["│ x = 1", "│", "│ y", " after"]),
        ("# Title\n## Sub\n-# small", ["Title", "Sub", "small"]),
        ("- one\n  - two\n1. three", ["• one", "  • two", "1. three"]),
        ("> quoted\nnot", ["▎ quoted", "not"]),
        (">>> all\nof it", ["▎ all", "▎ of it"]),
        (
            "[here](https://example.org/a) <https://example.org>",
            ["here (https://example.org/a) https://example.org"],
        ),
        ("<@1> <@!1> <@&2> <#3> <@9>", ["@member @member @admins #general @9"]),
        ("<:smile:123> <a:wave:4> </ops health:5>", [":smile: :wave: /ops health"]),
        (r"\*not\* \`this\`", ["*not* `this`"]),
        ("a * b * c, d_e_f, https://example.org/_x_/y", ["a * b * c, d_e_f, https://example.org/_x_/y"]),
    ],
)
def test_markdown_is_read_as_discord_reads_it(text: str, plain: list[str]) -> None:
    assert [line.removeprefix("  ") for line in lines(content=text)] == plain


def test_styles_are_the_terminals_own_where_there_is_colour() -> None:
    (shown,) = lines(content="**b** *i* __u__ ~~s~~ `c`", colour=True)

    assert shown == (
        "  \x1b[1mb\x1b[0m \x1b[3mi\x1b[0m \x1b[4mu\x1b[0m \x1b[9ms\x1b[0m \x1b[38;2;254;231;92mc\x1b[0m"
    )


def test_an_item_of_a_list_that_is_long_goes_on_below_itself() -> None:
    shown = lines(content="- " + "word " * 12, width=40)

    assert shown[0].startswith("  • word")
    assert shown[1].startswith("    word")


def test_fields_stand_side_by_side_as_far_as_there_is_room() -> None:
    fields = [{"name": f"N{at}", "value": "v" * 20, "inline": True} for at in range(3)]

    wide = lines(embeds=[{"fields": fields}], width=120)
    narrow = lines(embeds=[{"fields": fields}], width=30)

    assert wide[0].split() == ["▌", "N0", "N1", "N2"]
    assert [line.split()[1] for line in narrow if "N" in line] == ["N0", "N1", "N2"]


def test_an_embed_shows_everything_it_has() -> None:
    embed = {
        "author": {"name": "who"},
        "title": "T",
        "url": "https://example.org",
        "image": {"url": "https://example.org/i.png", "width": 4, "height": 3},
        "footer": {"text": "foot"},
        "timestamp": "2026-01-02T03:04:05+00:00",
    }
    shown = lines(embeds=[embed])

    assert [line[4:] for line in shown[:4]] == [
        "who",
        "T",
        "https://example.org",
        "🖼 4×3 https://example.org/i.png",  # noqa: RUF001 - the sign
    ]
    assert shown[4].startswith("  ▌ foot • 02 Jan 2026")
    assert lines(embeds=[embed], flags=4) == [], "suppressed"


def test_components_are_numbered_in_the_order_in_which_they_are_pressed() -> None:
    row = {
        "type": 1,
        "components": [
            {"type": 2, "style": 3, "label": "Yes", "custom_id": "yes"},
            {"type": 2, "style": 5, "label": "Docs", "url": "https://example.org"},
            {"type": 2, "style": 4, "emoji": {"name": "🗑"}, "custom_id": "0" * 32, "disabled": True},
        ],
    }
    select = {"type": 5, "custom_id": "who", "min_values": 0, "max_values": 2}

    assert lines(components=[row, {"type": 1, "components": [select]}], width=100) == [
        "  [1 ✔ Yes] <yes>  [↗ Docs] <https://example.org>  [2 ✖ 🗑] disabled",
        "  [3 ▾ pick a user] 0 to 2 <who>",
    ]


def test_layouts_of_components_are_readable() -> None:
    container = {
        "type": 17,
        "accent_color": 0xFF0000,
        "components": [
            {"type": 10, "content": "## Report"},
            {"type": 14},
            {
                "type": 9,
                "components": [{"type": 10, "content": "All **well**"}],
                "accessory": {"type": 2, "style": 1, "label": "More", "custom_id": "more"},
            },
            {"type": 12, "items": [{"media": {"url": "http://x/y.png"}, "description": "a graph"}]},
            {"type": 13, "file": {"url": "http://x/log.txt"}},
        ],
    }
    shown = lines(components=[container], flags=1 << 15, width=40)

    assert [line[:3] for line in shown] == ["  ▌"] * 6
    assert [line[4:] for line in shown] == [
        "Report",
        "─" * 36,
        "All well",
        "[1 ● More] <more>",
        "🖼 “a graph” http://x/y.png",
        "📎 log.txt http://x/log.txt",
    ]


def test_what_belongs_to_a_message_stands_around_it() -> None:
    message: dict[str, Any] = {
        "author": {"username": "acore"},
        "member": {"nick": "Ac"},
        "timestamp": MESSAGE["timestamp"],
        "edited_timestamp": MESSAGE["timestamp"],
        "type": 19,
        "referenced_message": {"author": {"username": "member"}, "content": "is it\nwell?"},
        "content": "yes",
        "attachments": [{"filename": "a.png", "size": 2048, "width": 2, "height": 1}],
        "reactions": [
            {"emoji": {"name": "👍"}, "count": 2, "me": True},
            {"emoji": {"id": "1", "name": "x"}, "count": 1},
        ],
        "pinned": True,
    }
    shown = render_message(message, colour=False, width=60).splitlines()

    assert shown[0] == "╭─ member: is it well?"
    assert re.fullmatch(r"Ac \(acore\) \d\d:\d\d \(edited\) 📌", shown[1])
    assert shown[2:] == ["  yes", "  📎 a.png (2.0 KB, 2×1)", "  👍 2 (yours)   :x: 1"]  # noqa: RUF001 - the sign


def test_control_characters_never_reach_the_terminal() -> None:
    nasty = {**MESSAGE, "content": "a\x1b[2Jb\x07\u202e", "author": {"username": "x\x1b]0;t\x07"}}

    shown = render_message(nasty, colour=False, width=60)

    assert not set(shown) & set("\x1b\x07\u202e")
    assert "a[2Jb" in shown


@given(
    st.text(alphabet=st.sampled_from("ab *_`~|>#-\n値🙂é\\[](){}<@1>:\t\x1b"), max_size=120),
    st.integers(30, 200),
    st.booleans(),
)
def test_whatever_is_written_fits_and_breaks_nothing(text: str, width: int, colour: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    embed = {
        "title": text,
        "description": text,
        "fields": [{"name": text, "value": text, "inline": True}] * 3,
    }
    shown = render_message(
        {"author": {"username": text}, "timestamp": MESSAGE["timestamp"], "content": text, "embeds": [embed]},
        colour=colour,
        width=width,
    )

    for line in shown.splitlines()[1:]:
        bare = SGR.sub("", line)
        assert "\x1b" not in bare
        assert text_columns(bare) <= width
