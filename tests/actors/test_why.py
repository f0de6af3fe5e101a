"""Why something happened, in sentences: what is told, in which order, what is left out."""

import inspect
from typing import Any

import msgspec
import pytest

from acore.actors import narrator
from acore.actors.phrases import PHRASES, Sentence, Weight, duration, sentence_of
from acore.actors.why import left_out, part_meant, tell
from acore.events import topics
from acore.events.base import outcome_id
from acore.events.catalog import CATALOG
from acore.events.row import Row
from acore.events.why import Account, Chain

topics.load()
GATEWAY = "The Discord connection"


class Story:
    """Rows that come of each other, a hundred milliseconds apart."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, name: str, cause: int = 0, kind: str = "event", **payload: Any) -> int:  # noqa: ANN401 - JSON
        """Add a row; one that comes of an effect is its outcome, unless it is about its way."""
        seq = len(self.rows) + 1
        is_outcome = (
            cause and self.rows[cause - 1].kind == "effect" and name.partition(".")[0] in {"part", "effect"}
        )
        self.rows.append(
            Row(
                seq=seq,
                id=outcome_id(f"id{cause}") if is_outcome else f"id{seq}",
                kind=kind,
                name=name,
                version=1,
                node="n",
                boot="b",
                wall_ns=1_800_000_000_000_000_000 + seq * 100_000_000,
                mono_ns=seq * 100_000_000,
                source="gateway",
                target="lifecycle" if kind == "command" else "",
                cause=self.rows[cause - 1].id if cause else "",
                correlation="id1",
                attempt=1,
                payload=msgspec.json.encode(payload.get("value", payload)).decode(),
            )
        )
        return seq

    def told(self, *path: int, most: int | None = 15, **fields: Any) -> Account:  # noqa: ANN401 - a chain's
        chain = Chain(asked=path[-1], rows=tuple(self.rows), path=path, **fields)
        return tell("that", chain, most=most)


def restart(story: Story) -> tuple[int, int, int]:
    """Tell of a restart that somebody ordered."""
    command = story.add(
        "interaction.received",
        interaction=1,
        application=9,
        command="ops restart",
        arguments=[{"name": "part", "value": "metrics"}],
        invoker={"id": 7, "name": "ann"},
        place={"guild": 5, "channel": 6},
        is_ephemeral=True,
        role="owner",
        rule="owner by ADMIN_USERS",
        received="2026-01-02T00:00:00Z",
    )
    asked = story.add("part.restart", command, "command", actor="metrics", by="ann")
    effect = story.add("part.restart_now", asked, "effect", actor="metrics", by="ann")
    return command, asked, effect


def test_it_goes_from_the_person_to_the_effect_and_its_outcome_with_times() -> None:
    story = Story()
    command, asked, effect = restart(story)
    story.add("part.restart", asked, "reply", value="accepted")
    story.add("part.restarted", effect, actor="metrics", by="ann", seconds=0.2)
    account = story.told(command, asked, effect)

    assert [(line.depth, line.after, line.text) for line in account.lines] == [
        (0, 0.0, "ann used /ops restart part=metrics; allowed: owner by ADMIN_USERS."),
        (
            1,
            0.1,
            f"{GATEWAY} asks start and stop: have the counters restarted, for ann → accepted, after 0.2 s.",
        ),
        (2, 0.2, "To do: stop and start the counters → it took 0.2 s."),
        (3, 0.4, "ann restarted the counters; that took 0.2 s."),
    ]
    assert [line.is_asked for line in account.lines] == [False, False, True, False]
    assert (account.left_out, account.is_more, account.notes, left_out(account)) == (0, False, (), "")


def test_an_effect_without_an_outcome_says_so() -> None:
    story = Story()
    told = story.told(*restart(story)).lines[-1].text

    assert told == "To do: stop and start the counters → no outcome yet."


@pytest.mark.parametrize(
    ("outcome", "fields", "words"),
    [
        ("effect.unheard_of", {"reason": "no"}, "→ it took 0.1 s."),
        ("effect.done", {"effect": "x"}, "→ done, after 0.1 s."),
    ],
)
def test_how_long_an_effect_took_is_told_in_its_line(
    outcome: str, fields: dict[str, str], words: str
) -> None:
    story = Story()
    command, asked, effect = restart(story)
    story.add(outcome, effect, **fields)

    assert story.told(command, asked, effect).lines[2].text.endswith(words)


def test_of_many_things_those_that_matter_are_told_and_the_others_counted() -> None:
    story = Story()
    command, asked, effect = restart(story)
    for _ in range(20):
        story.add("audit.noted", effect, who="ann", action="x", target="y", outcome="z")
        story.add("actor.started", effect, actor="metrics", incarnation=2)
    failed = story.add("part.not_restarted", effect, actor="metrics", by="ann", reason="the disk sang")
    account = story.told(command, asked, effect)

    assert len(account.lines) == 15
    assert {command, asked, effect, failed} <= {line.seq for line in account.lines}
    assert "audit" not in " ".join(line.text for line in account.lines)
    assert account.left_out == len(story.rows) - 15
    assert left_out(account) == f"… and {account.left_out} more"
    assert len(story.told(command, asked, effect, most=None).lines) == len(story.rows)


def test_the_way_to_what_was_asked_is_told_also_when_it_alone_is_too_long() -> None:
    story = Story()
    path = [story.add("check.due", at, check="disk") for at in range(40)]
    account = story.told(*path)

    assert len(account.lines) == 15
    assert (account.lines[0].seq, account.lines[-1].seq) == (path[0], path[-1])
    assert account.notes == ("Between the first line and the second lie 25 causes that are not shown.",)
    assert account.left_out == 0


def test_what_is_not_kept_any_more_is_said() -> None:
    story = Story()
    path = restart(story)
    notes = story.told(*path, is_cut=True, remark="Hear, hear.").notes
    endless = story.told(*path, between=None, has_more=True)

    assert notes == ("Hear, hear.", "Earlier causes are no longer kept.")
    assert endless.notes == ("Between the first line and the second lie causes that are not shown.",)
    assert left_out(endless) == "… and more"


def test_what_another_acore_wrote_is_shown_as_it_was_recorded() -> None:
    """E06: also in a chain."""
    story = Story()
    story.add("moon.rose", colour="red")

    assert story.told(1).lines[0].text == 'moon.rose, which is not known here: {"colour":"red"}'


def test_a_kind_without_a_phrase_is_told_by_its_docstring() -> None:
    story = Story()
    story.add("letter.died", reason="full", actor="metrics", message="check.due", message_id="x")
    story.add(
        "run.load_last", kind="no_reply", value={"error": "AskTimeoutError", "text": "it took too long"}
    )

    assert sentence_of(story.rows[0]).text.startswith("A message, check.due did not reach the counters")
    assert sentence_of(story.rows[1]) == Sentence(
        text="The Discord connection answers: no answer came: it took too long.", weight=Weight.DETAIL
    )


def test_parts_are_known_by_what_operators_call_them() -> None:
    assert [
        part_meant(what) for what in ("gateway", "The Discord connection", "discord connection", "4711")
    ] == [
        "gateway",
        "gateway",
        "gateway",
        "4711",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.0213, "21 ms"),
        (0.1, "0.1 s"),
        (9.9, "9.9 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
        (-2, "-2.0 s"),
    ],
)
def test_durations_are_said_as_people_do(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_every_kind_of_message_has_a_sentence_of_its_own() -> None:
    """A new kind is one entry in `PHRASES`, or a sentence of the log's."""
    told = [wire.name for wire in CATALOG if wire.cls in PHRASES]
    in_the_log = inspect.getsource(narrator)
    others = [
        wire.name
        for wire in CATALOG
        if wire.name not in told
        and f"case {wire.cls.__name__}(" not in in_the_log
        and f"| {wire.cls.__name__}(" not in in_the_log
        and wire.cls.__module__.startswith("acore.")
        and not wire.cls.__module__.startswith(("acore.bench.", "acore.soak."))  # no bot says these
    ]

    # These two are no rows of the journal.
    assert sorted(others) == ["actor.state_kept", "interaction.token_sealed"]
