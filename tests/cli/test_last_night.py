"""docs/last-night.md: what it shows can be done, and comes to what it says."""

from pathlib import Path

import pytest

from acore.errors import ExitCode
from tests import night

PAGE = night.PAGE.read_text("utf-8")
CODES = {
    "acore status": [ExitCode.STOPPED],
    "pytest test_incident.py": [ExitCode.FAILURE, ExitCode.OK],
    "acore replay --actor lifecycle": [ExitCode.OK, ExitCode.FAILURE],
}
"""What the commands on the page end with that do not only succeed, one after the other."""
WORDS = {
    "acore status": "Start and stop failed while handling part.restart: KeyError: 'the counters'",
    "acore events tail -n 8 --name interaction.*": "That part of the bot is not",
    "acore why denial": "member used /ops restart and was refused: /ops restart needs admin",
    "acore why": "owner used /ops restart part=the counters; allowed: owner",
    "acore replay --actor lifecycle --step --script steps": "failed: KeyError: 'the counters'",
}


async def test_the_page_of_last_night_can_be_lived_through(tmp_path: Path) -> None:
    home = tmp_path / "bot"
    home.mkdir()
    await night.live(home)
    page = night.renumbered(PAGE, home)
    codes = {command: list(of) for command, of in CODES.items()}

    shown = list(night.commands(page))
    assert {*CODES, *WORDS} <= set(shown)
    for command in shown:
        code, said = night.outcome(home, command)

        expected = codes[command].pop(0) if codes.get(command) else ExitCode.OK
        assert code == expected, f"{command} ended with {code}:\n{said}"
        assert "".join(WORDS.get(command, "").split()) in "".join(said.split()), said


@pytest.mark.parametrize("command", sorted(WORDS))
def test_the_page_shows_what_the_commands_print(command: str) -> None:
    """Word for word, whatever is broken into lines."""
    (block,) = (one for one in night.blocks(PAGE) if one.startswith(f"$ {command}\n"))

    assert "".join(WORDS[command].split()) in "".join(block.split())
