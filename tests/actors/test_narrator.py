"""The narrator: a plain sentence for each thing an operator wants to know."""

import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from loguru import logger

from acore.actors.narrator import SLOW_EVERY, NarratorActor, line_of
from acore.events.base import Event
from acore.events.discord import (
    Application,
    ApplicationIdentified,
    BudgetRead,
    CommandsSynced,
    GatewayReady,
    GuildLine,
    IdentifyBudget,
    InteractionClosed,
    InteractionDenied,
    Invoker,
    Link,
    LinkChanged,
    Place,
    TokenSealed,
)
from acore.events.health import CheckDue
from acore.events.lifecycle import ClockStepped, InterruptionFound, RunEnded, RunFailed, RunStarted
from acore.events.metrics import ActivityCounted
from acore.events.outbox import WentAhead
from acore.events.parts import PartNotRestarted, PartRestarted
from acore.events.settings import SettingsLoaded, SettingsRefused
from acore.events.store import (
    JournalFilled,
    JournalLost,
    JournalPurged,
    JournalRelieved,
    Loss,
    StoreDegraded,
    StoreRecovered,
)
from acore.events.supervision import (
    ActorExited,
    ActorRestarting,
    ActorStarted,
    Burial,
    HandlerSlow,
    LetterDied,
    LoopBlocked,
    Order,
    SupervisorGaveUp,
    SupervisorObeyed,
    SupervisorSilent,
)
from acore.runtime.spec import ChildSpec
from tests.actors.house import facts, house

BOT = Application(
    id=9,
    name="Robin",
    owners=(1,),
    owner_name="ann",
    intents_on=("guilds", "guild_messages"),
    intents_off=("members", "message_content"),
)
DENIED = InteractionDenied(
    interaction=1,
    command="admin stop",
    invoker=Invoker(id=7, name="ann"),
    place=Place(guild=5, channel=6),
    rule="/admin stop needs admin; viewer by everybody",
)

TOLD: list[tuple[Event, str, str]] = [
    (
        RunStarted(version="1.2", commit="abc", python="3", host="h", pid=7, settings_revision="r"),
        "INFO",
        "acore 1.2 runs as process 7, in a folder at commit abc.",
    ),
    (
        InterruptionFound(boot="b", began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), version="1.2"),
        "WARNING",
        "The last run, begun at 2026-01-02 03:04:05 UTC, did not end in good order: it was killed, or",
    ),
    (
        InterruptionFound(
            boot="b", began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), version="1", reason="the disk sang"
        ),
        "WARNING",
        "did not end in good order: the disk sang. `acore events tail` shows what came last.",
    ),
    (
        InterruptionFound(
            boot="b",
            began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            version="1",
            last_seq=70,
            silent_for=95.0,
            pending_effects=2,
        ),
        "WARNING",
        "went down. Its last sign of life is entry 70, 1 min 35 s before this start. It owes 2 actions",
    ),
    (
        JournalLost(
            loss=Loss.BEHIND, first_seq=7, last_seq=15, marked=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        ),
        "CRITICAL",
        "Up to 9 entries of the journal are missing: it ended at 6, though 15 was safe on the disk",
    ),
    (
        JournalLost(loss=Loss.OTHER, first_seq=1, last_seq=15),
        "CRITICAL",
        "This is not the journal that was written here: what stands at entry 15, or before it, is not",
    ),
    (
        JournalLost(loss=Loss.DAMAGED, first_seq=1, last_seq=0, kept_as="x.damaged-1", reason="malformed"),
        "CRITICAL",
        "It is kept as x.damaged-1, and a new one was begun, in which everything before is missing.",
    ),
    (
        RunFailed(error="E", reason="the disk sang", exit_code=70, began=datetime(2026, 1, 2, tzinfo=UTC)),
        "ERROR",
        "Stopping everything, because of this: the disk sang",
    ),
    (
        PartRestarted(actor="gateway", by="ann", seconds=1.25),
        "INFO",
        "ann restarted the Discord connection; that took 1.2 s.",
    ),
    (
        PartNotRestarted(actor="metrics", by="ann", reason="it took more than 60 s"),
        "ERROR",
        "ann wanted the counters restarted, but it is not up: it took more than 60 s",
    ),
    (RunEnded(reason="SIGTERM", uptime=3725.9), "INFO", "Stopped in good order after 1 h 2 min: SIGTERM."),
    (ApplicationIdentified(application=BOT), "INFO", "This is Robin (application 9), owned by ann. "),
    (
        GatewayReady(
            user="Robin", guild_count=1, guilds=(GuildLine(id=5, name="Home", members=None),), seconds=1.25
        ),
        "INFO",
        "Connected as Robin after 1.2 s, in 1 server: Home.",
    ),
    (GatewayReady(user="R", guild_count=0, guilds=(), seconds=1.0), "INFO", "after 1.0 s, in 0 servers."),
    (LinkChanged(link=Link.CONNECTING), "INFO", "Connecting to Discord."),
    (
        LinkChanged(link=Link.LOST, reason="code 1006"),
        "WARNING",
        "Lost the connection to Discord: code 1006.",
    ),
    (LinkChanged(link=Link.WAITING, reason="no route"), "WARNING", "Not connected to Discord: no route."),
    (
        CommandsSynced(guild=None, commands=("botstatus", "help"), is_changed=True),
        "INFO",
        "/botstatus, /help is now registered everywhere.",
    ),
    (
        CommandsSynced(guild=5, commands=(), is_changed=False),
        "INFO",
        "no command was already registered in server 5.",
    ),
    (
        ActorExited(
            actor="gateway",
            incarnation=1,
            exit="crashed",
            reason="KeyError: 'x'",
            place="a.py:7",
            handling="interaction.answer",
        ),
        "ERROR",
        "The Discord connection failed while handling interaction.answer: KeyError: 'x' at a.py:7",
    ),
    (
        ActorRestarting(actor="writer", with_it=("reader",), delay=0.1, restarts=1, within=60),
        "WARNING",
        "Restarting record keeping, together with reading the records in 0.1 s (first time within 1 min",
    ),
    (
        ActorRestarting(actor="core", with_it=("doors",), delay=1.0, restarts=2, within=300),
        "WARNING",
        "Restarting what the bot decides, together with the way to Discord in 1.0 s (2 times within",
    ),
    (
        SupervisorGaveUp(supervisor="core", actor="health", reason="KeyError", restarts=5, within=60),
        "ERROR",
        "Restarting the health checks did not help (5 times): KeyError",
    ),
    (
        HandlerSlow(
            actor="prober",
            message="check.run",
            message_id="4fa3",
            seconds=15.0,
            limit=60.0,
            place="a.py:7",
            stack="a.py:7 probe",
        ),
        "WARNING",
        "15 s; it waits at a.py:7. After 1 min 0 s it is given up and restarted. What led to it: `acore ",
    ),
    (
        HandlerSlow(actor="writer", message="store.probe", message_id="4fa3", seconds=120.0),
        "WARNING",
        "Record keeping has been busy with one store.probe for 2 min 0 s. What led to it: ",
    ),
    (
        LoopBlocked(seconds=3.42, actor="gateway", message="interaction.answer", place="a.py:7"),
        "WARNING",
        "stood still for 3.4 s because of the Discord connection with interaction.answer, at a.py:7. What",
    ),
    (
        LoopBlocked(seconds=1.0),
        "WARNING",
        "The whole bot stood still for 1.0 s. What takes long there belongs",
    ),
    (
        SupervisorSilent(supervisor="core", seconds=15.0),
        "ERROR",
        "Nobody has looked after what the bot decides for 15 s: what fails there stays down until",
    ),
    (RunEnded(reason="SIGTERM", uptime=200_000.0), "INFO", "Stopped in good order after 2 d 7 h: SIGTERM."),
    *(
        (SupervisorObeyed(supervisor="doors", order=order, actor="gateway"), "INFO", words)
        for order, words in {
            Order.START: "Starting the Discord connection for the first time, as ordered.",
            Order.STOP: "Stopping the Discord connection, as ordered.",
            Order.RESTART: "Starting the Discord connection again, as ordered.",
            Order.RETRY: "Starting the Discord connection now instead of later, as ordered.",
            Order.DELETE: "Forgetting the Discord connection, as ordered.",
        }.items()
    ),
    (StoreDegraded(reason="disk full", waiting=3), "ERROR", "Nothing can be written (disk full); 3 entries"),
    (
        StoreRecovered(after=65),
        "INFO",
        "Writing works again after 1 min 5 s; all that was taken in is written.",
    ),
    (JournalFilled(waiting=447), "ERROR", "447 entries wait to be written, and no memory is left for more"),
    (
        JournalRelieved(facts=3, effects=2, seconds=65.0),
        "WARNING",
        "There is room for records again after 1 min 5 s; meanwhile 3 events and 2 actions were refused.",
    ),
    (
        JournalPurged(rows=30, first_seq=1, last_seq=40, reason="age", used_bytes=2**20),
        "INFO",
        "30 entries of the journal, up to number 40, were old and are removed.",
    ),
    (
        JournalPurged(
            rows=9,
            first_seq=1,
            last_seq=9,
            reason="size",
            used_bytes=9 * 2**20,
            held_by="the pin x",
            is_cut=True,
        ),
        "WARNING",
        "were more than JOURNAL_MAX_MB allows and are removed. Among them is the beginning of what runs now",
    ),
    (
        JournalPurged(
            rows=9, first_seq=1, last_seq=9, reason="size", used_bytes=9 * 2**20, held_by="the pin x"
        ),
        "WARNING",
        "and are removed. More would go, but the pin x needs the rest: 9 MB are in use.",
    ),
    (
        JournalPurged(rows=0, first_seq=0, last_seq=0, reason="", used_bytes=2**20, held_by="the pin x"),
        "WARNING",
        "Nothing could be removed from the journal. More would go, but the pin x needs the rest",
    ),
    (
        ClockStepped(seconds=3725.0),
        "WARNING",
        "The machine's clock was set ahead by 1 h 2 min, unless it slept; ",
    ),
    (
        ClockStepped(seconds=-2.5),
        "WARNING",
        "The machine's clock was set back by 2 s; entries keep their order",
    ),
    (SettingsLoaded(facts=facts()), "INFO", "The settings are in force"),
    (SettingsRefused(problems=("A=1: no", "B=2: no")), "ERROR", "change nothing: A=1: no; B=2: no"),
    (DENIED, "INFO", "Refused /admin stop to ann: /admin stop needs admin; viewer by everybody."),
    (
        InteractionClosed(interaction=8, is_answered=False, reason="too late"),
        "WARNING",
        "Command 8 got no answer: too late.",
    ),
    (
        LetterDied(reason=Burial.FULL, actor="metrics", message="activity.counted", message_id="m"),
        "DEBUG",
        "activity.counted did not reach the counters: full.",
    ),
]
UNTOLD: list[Event] = [
    ActorStarted(actor="health", incarnation=1),
    ActorExited(actor="health", incarnation=1, exit="shutdown"),
    ActorExited(actor="health", incarnation=1, exit="normal"),
    ActorExited(actor="health", incarnation=1, exit="ignored", reason="switched off"),
    ActorExited(actor="doors", incarnation=1, exit="crashed", reason="its part has told why"),
    LinkChanged(link=Link.READY),
    LinkChanged(link=Link.OFFLINE, reason="stopping"),
    InteractionClosed(interaction=8, is_answered=True),
    ActivityCounted(messages=1),
    CheckDue(check="database"),
    TokenSealed(interaction=8, sealed="c2VhbGVk"),
    BudgetRead(budget=IdentifyBudget(total=1000, remaining=9, resets_at=datetime(2026, 1, 1, tzinfo=UTC))),
]
JARGON = re.compile(
    r"incarnation|mailbox|supervisor|envelope|bury|buried|replay|projection|cell\b", re.IGNORECASE
)


def named(event: object) -> str:
    return type(event).__name__


@pytest.mark.parametrize(("event", "level", "words"), TOLD, ids=named)
def test_what_operators_want_to_know_is_told_in_a_plain_sentence(
    event: Event, level: str, words: str
) -> None:
    line = line_of(event)

    assert line is not None
    assert line.level == level
    assert words in line.text
    assert not JARGON.search(line.text)
    assert "\n" not in line.text


@pytest.mark.parametrize("event", UNTOLD, ids=named)
def test_what_no_operator_needs_to_read_is_not_told(event: Event) -> None:
    assert line_of(event) is None


def test_who_the_bot_is_comes_with_the_link_that_invites_it() -> None:
    line = line_of(ApplicationIdentified(application=BOT))

    assert line is not None
    assert "client_id=9&scope=bot+applications.commands&permissions=0" in line.text
    assert "member list, message content: off" in line.text


def test_a_note_on_the_settings_is_a_warning() -> None:
    line = line_of(SettingsLoaded(facts=msgspec.structs.replace(facts(), warnings=("DISCORD_TOKN?",))))

    assert line is not None
    assert (line.level, "Note: DISCORD_TOKN?." in line.text) == ("WARNING", True)


async def test_it_writes_to_the_log_and_braces_in_a_text_are_text(tmp_path: Path) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", level="DEBUG")
    try:
        async with house(tmp_path, ChildSpec(id="narrator", actor=NarratorActor)) as home:
            await home.tell(LinkChanged(link=Link.LOST, reason="{0} {nonsense} <red>"))
    finally:
        logger.remove(sink)

    assert "WARNING Lost the connection to Discord: {0} {nonsense} <red>.\n" in lines


async def test_a_slow_disk_is_told_of_once_a_minute(tmp_path: Path) -> None:
    """J02: each command leads to two facts about it; the log is for people."""
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}", level="INFO")
    try:
        async with house(tmp_path, ChildSpec(id="narrator", actor=NarratorActor)) as home:
            ahead = WentAhead(what="check.run", waited=0.25)
            await home.tell(ahead, ahead, ahead)
            assert sum("The disk is slow" in line for line in lines) == 1
            await home.clock.advance(SLOW_EVERY)
            await home.tell(ahead)
    finally:
        logger.remove(sink)

    assert sum("The disk is slow" in line for line in lines) == 2
