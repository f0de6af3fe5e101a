"""Messages in a terminal read as they do in Discord."""

from datetime import UTC, datetime

import pytest

from acore.sandbox.console.render import render_message

WRITTEN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def shown(text: str) -> str:
    message = {"author": {"username": "bot"}, "timestamp": WRITTEN.isoformat(), "content": text}
    return render_message(message, colour=False, width=80).splitlines()[-1].strip()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "5 seconds ago"),
        (-60, "1 minute ago"),
        (-7200, "2 hours ago"),
        (86_400, "in 1 day"),
        (0, "0 seconds ago"),
    ],
)
def test_a_relative_time_is_counted_from_when_the_message_was_written(seconds: int, words: str) -> None:
    assert shown(f"<t:{int(WRITTEN.timestamp()) + seconds}:R>") == words


def test_an_edit_counts_times_anew() -> None:
    message = {
        "author": {"username": "bot"},
        "timestamp": WRITTEN.isoformat(),
        "edited_timestamp": WRITTEN.replace(minute=1).isoformat(),
        "embeds": [{"description": f"<t:{int(WRITTEN.timestamp())}:R>"}],
    }

    assert "1 minute ago" in render_message(message, colour=False, width=80)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("**bold** and _italic_ and *both*", "bold and italic and both"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_marks_for_style_are_read_without(text: str, read: str) -> None:
    assert shown(text) == read
