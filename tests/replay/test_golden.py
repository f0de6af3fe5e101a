"""The journal of every released version is replayed for ever: today's actors decide as those of then did."""

import json
from pathlib import Path

import pytest

from acore import __version__
from acore.capsule.reading import check
from acore.capsule.source import open_capsule
from acore.events import topics
from acore.replay.cast import core
from acore.replay.engine import replay
from acore.replay.report import Verdict
from acore.replay.source import Part, Wanted

topics.load()
GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.jsonl"))


def test_this_version_has_its_golden_journal() -> None:
    """R13: `python -m tests.replay.record` makes it."""
    assert f"{__version__}.jsonl" in {path.name for path in GOLDEN}


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_golden_journal_is_replayed_by_every_core_actor(path: Path) -> None:
    """R13: with everything that can happen in it, and without anything personal."""
    found = check(path)
    assert (found.is_whole, found.header.redacted) == (True, ("ids", "names", "text"))
    assert {run.version for run in found.header.runs} == {path.stem}
    assert len(found.header.runs) == 2

    source = open_capsule(path)
    for name, build in core().items():
        replayed = replay(name, build, source, collect=True)
        assert replayed.verdict is Verdict.SAME, (name, replayed.approximate, replayed.divergences)
        assert replayed.handled > 5, name


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_a_golden_journal_has_what_can_go_wrong(path: Path) -> None:
    """R13: commands, a denial, a core actor's failure, an interruption, and an end in good order."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    names = {line["name"] for line in lines if line["line"] == "row"}

    assert names >= {
        "interaction.received",
        "interaction.denied",
        "interaction.closed",
        "part.restarted",
        "run.interruption_found",
        "run.ended",
    }
    failed = [
        line["payload"]["actor"]
        for line in lines
        if line.get("name") == "actor.exited" and line["payload"]["error"]
    ]
    assert set(failed) & set(core())


def test_a_golden_journal_finds_what_is_decided_otherwise() -> None:
    """R13: nothing is judged the same that is not."""
    source = open_capsule(GOLDEN[-1])
    cast = core()

    assert replay("config", cast["lifecycle"], source).verdict is Verdict.DIFFERENT
    assert any(True for page in source.rows(Wanted(actor="config", part=Part.OUTPUTS)) for _ in page)
