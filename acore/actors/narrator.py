"""The edge that tells operators what happens, in plain sentences, through the log."""

from loguru import logger

from acore.events.base import Event
from acore.events.discord import (
    ApplicationIdentified,
    CommandsRefused,
    CommandsSynced,
    GatewayReady,
    InteractionClosed,
    InteractionDenied,
    Link,
    LinkChanged,
    SessionResumed,
)
from acore.events.lifecycle import ClockStepped, InterruptionFound, RunEnded, RunFailed, RunStarted
from acore.events.outbox import EffectAbandoned, EffectResumed, EffectsUndecided, WentAhead
from acore.events.parts import PartNotRestarted, PartRestarted
from acore.events.settings import SettingsLoaded, SettingsRefused
from acore.events.store import (
    JournalFilled,
    JournalLost,
    JournalPurged,
    JournalRelieved,
    StoreDegraded,
    StoreRecovered,
)
from acore.events.supervision import (
    ActorExited,
    ActorRestarting,
    HandlerSlow,
    LetterDied,
    LoopBlocked,
    Order,
    SupervisorGaveUp,
    SupervisorObeyed,
    SupervisorSilent,
)
from acore.record import Record
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles

PARTS = {
    "gateway": "the Discord connection",
    "writer": "record keeping",
    "reader": "reading the records",
    "samples": "keeping measured values",
    "config": "the settings",
    "health": "the health checks",
    "metrics": "the counters",
    "lifecycle": "start and stop",
    "host": "measuring the machine",
    "prober": "running the checks",
    "process": "listening for signals",
    "files": "reading the settings",
    "narrator": "this log",
    "control": "the line to the command line",
    "outbox": "finishing what was left undone",
}
GROUPS = {
    "store": "the records",
    "sources": "what the bot observes",
    "core": "what the bot decides",
    "doors": "the way to Discord",
}
_ORDERS = {
    Order.START: "Starting {} for the first time",
    Order.STOP: "Stopping {}",
    Order.RESTART: "Starting {} again",
    Order.RETRY: "Starting {} now instead of later",
    Order.DELETE: "Forgetting {}",
}
_USES = {"members": "member list", "presences": "presence", "message_content": "message content"}


SLOW_EVERY = 60.0
"""Seconds between two sentences about a slow disk: while it is, each command leads to two facts about it."""


class Line(Record):
    """A sentence for the log, and how much it matters."""

    level: str
    text: str


class NarratorActor(EdgeActor):
    """Logs one sentence for each thing an operator wants to know."""

    def __init__(self) -> None:
        """Have said nothing yet."""
        self._slow_at: float | None = None

    @handles
    async def tell(self, event: Event, io: EdgeContext) -> None:
        """Say it, if there is something to say."""
        if isinstance(event, WentAhead):
            now = io.clock.monotonic()
            if self._slow_at is not None and now - self._slow_at < SLOW_EVERY:
                return
            self._slow_at = now
        line = line_of(event)
        if line is not None:
            logger.log(line.level, "{}", line.text)


def line_of(event: Event) -> Line | None:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case a fact, all of one shape
    """Return the sentence for *event*; None for what no operator needs to read."""
    match event:
        case RunStarted():
            commit = f", in a folder at commit {event.commit}" if event.commit else ""
            return Line(level="INFO", text=f"acore {event.version} runs as process {event.pid}{commit}.")
        case InterruptionFound():
            why = event.reason or "it was killed, or the machine went down"
            text = (
                f"The last run, begun at {event.began:%Y-%m-%d %H:%M:%S} UTC, did not end in good order: "
                f"{why}.{_left_behind(event)} `acore events tail` shows what came last."
            )
            return Line(level="WARNING", text=text)
        case RunFailed():
            return Line(level="ERROR", text=f"Stopping everything, because of this: {event.reason}")
        case PartRestarted():
            text = f"{event.by} restarted {part_name(event.actor)}; that took {event.seconds:.1f} s."
            return Line(level="INFO", text=text)
        case PartNotRestarted():
            text = f"{event.by} wanted {part_name(event.actor)} restarted, but it is not up: {event.reason}"
            return Line(level="ERROR", text=text)
        case RunEnded():
            return Line(
                level="INFO", text=f"Stopped in good order after {span(event.uptime)}: {event.reason}."
            )
        case ApplicationIdentified():
            return Line(level="INFO", text=_identity(event))
        case GatewayReady():
            servers = f"{event.guild_count} server{'' if event.guild_count == 1 else 's'}"
            names = ", ".join(guild.name for guild in event.guilds[:5])
            tail = f": {names}" if names else ""
            return Line(
                level="INFO",
                text=f"Connected as {event.user} after {event.seconds:.1f} s, in {servers}{tail}.",
            )
        case LinkChanged():
            return _link(event)
        case CommandsRefused():
            text = f"The commands could not be registered, Discord keeps the old ones: {event.reason}."
            return Line(level="WARNING", text=text)
        case SessionResumed():
            return Line(level="INFO", text="The connection to Discord is back, and nothing was missed.")
        case CommandsSynced():
            return Line(level="INFO", text=_commands(event))
        case ActorExited():
            return _exit(event)
        case ActorRestarting():
            return Line(level="WARNING", text=_restart(event))
        case SupervisorGaveUp():
            text = (
                f"Restarting {part_name(event.actor)} did not help ({event.restarts} times): {event.reason}"
            )
            return Line(level="ERROR", text=text)
        case HandlerSlow():
            return Line(level="WARNING", text=_slow(event))
        case LoopBlocked():
            return Line(level="WARNING", text=_blocked(event))
        case SupervisorSilent():
            part = part_name(event.supervisor)
            text = (
                f"Nobody has looked after {part} for {span(event.seconds)}: what fails "
                "there stays down until the bot is stopped and started. This is a fault of acore."
            )
            return Line(level="ERROR", text=text)
        case SupervisorObeyed():
            return Line(
                level="INFO", text=f"{_ORDERS[event.order].format(part_name(event.actor))}, as ordered."
            )
        case StoreDegraded():
            text = (
                f"Nothing can be written ({event.reason}); {event.waiting} entries wait, it is tried again."
            )
            return Line(level="ERROR", text=text)
        case JournalLost():
            return Line(level="CRITICAL", text=f"{capital(event.words())}.")
        case StoreRecovered():
            text = f"Writing works again after {span(event.after)}; all that was taken in is written."
            return Line(level="INFO", text=text)
        case JournalFilled():
            text = (
                f"{event.waiting} entries wait to be written, and no memory is left for more "
                "(JOURNAL_MEMORY_MB): what is new is refused until there is room. "
                "/botstatus and commands that only read go on."
            )
            return Line(level="ERROR", text=text)
        case JournalRelieved():
            text = (
                f"There is room for records again after {span(event.seconds)}; meanwhile {event.facts} "
                f"events and {event.effects} actions were refused."
            )
            return Line(level="WARNING", text=text)
        case JournalPurged():
            return _purged(event)
        case ClockStepped():
            way = "ahead" if event.seconds > 0 else "back"
            slept = ", unless it slept" if event.seconds > 0 else ""
            text = (
                f"The machine's clock was set {way} by {span(abs(event.seconds))}{slept}; "
                "entries keep their order, and nothing is early or late because of it."
            )
            return Line(level="WARNING", text=text)
        case SettingsLoaded():
            warnings = "".join(f" Note: {warning}." for warning in event.facts.warnings)
            text = f"The settings are in force (revision {event.facts.revision}).{warnings}"
            return Line(level="WARNING" if warnings else "INFO", text=text)
        case SettingsRefused():
            text = f"The settings on disk are not valid and change nothing: {'; '.join(event.problems)}"
            return Line(level="ERROR", text=text)
        case EffectAbandoned() | EffectResumed() | EffectsUndecided() | WentAhead():
            return _left_over(event)
        case InteractionDenied():
            return Line(level="INFO", text=f"Refused /{event.command} to {event.invoker.name}: {event.rule}.")
        case InteractionClosed() if not event.is_answered:
            return Line(level="WARNING", text=f"Command {event.interaction} got no answer: {event.reason}.")
        case LetterDied():
            missed = f"{event.message} did not reach {part_name(event.actor)}"
            return Line(level="DEBUG", text=f"A message, {missed}: {event.reason}. {event.detail}".rstrip())
        case _:
            return None


def _left_behind(event: InterruptionFound) -> str:
    if event.silent_for is None:
        return ""
    owed = event.pending_effects
    owes = f" It owes {owed} action{'' if owed == 1 else 's'}, of which no outcome is known." if owed else ""
    ago = span(max(0.0, event.silent_for))  # less than 0 when the machine's clock was set back
    return f" Its last sign of life is entry {event.last_seq}, {ago} before this start.{owes}"


def _identity(event: ApplicationIdentified) -> str:
    application = event.application
    off = ", ".join(_USES.get(name, name) for name in application.intents_off)
    return (
        f"This is {application.name} (application {application.id}), owned by {application.owner_name}. "
        f"Listens to {', '.join(application.intents_on)}; needs no privileged intent ({off}: off). "
        f"Invite it with {invite_link(application.id)}"
    )


def invite_link(application: int) -> str:
    """Return the link that adds the bot to a server: commands need no permission at all."""
    return (
        f"https://discord.com/oauth2/authorize?client_id={application}"
        "&scope=bot+applications.commands&permissions=0"
    )


def _link(event: LinkChanged) -> Line | None:
    match event.link:
        case Link.CONNECTING:
            return Line(level="INFO", text="Connecting to Discord.")
        case Link.LOST:
            return Line(level="WARNING", text=f"Lost the connection to Discord: {event.reason}.")
        case Link.WAITING:
            return Line(level="WARNING", text=f"Not connected to Discord: {event.reason}.")
        case Link.READY | Link.OFFLINE:
            return None


def _commands(event: CommandsSynced) -> str:
    names = ", ".join(f"/{name}" for name in event.commands) or "no command"
    where = "everywhere" if event.guild is None else f"in server {event.guild}"
    return f"{names} {'is now' if event.is_changed else 'was already'} registered {where}."


def _left_over(event: EffectAbandoned | EffectResumed | EffectsUndecided | WentAhead) -> Line:
    match event:
        case EffectAbandoned() if event.by:
            asked = f"{event.asked:%Y-%m-%d %H:%M:%S} UTC"
            text = f"{capital(event.by)} gave up {event.effect}, which was asked for at {asked}."
            return Line(level="INFO", text=text)
        case EffectAbandoned():
            text = (
                f"An earlier run was asked for {event.effect}; whether it happened is not known, "
                "so it was not tried again."
            )
            return Line(level="WARNING", text=text)
        case EffectResumed():
            who = f", as {event.by} decided" if event.by else ""
            what = f"{event.effect}, which has no outcome"
            text = f"An earlier run was asked for {what}: it is done again{who}."
            return Line(level="INFO", text=text)
        case EffectsUndecided():
            names = ", ".join(event.effects) + (" …" if event.count > len(event.effects) else "")
            what, wait = ("thing", "waits") if event.count == 1 else ("things", "wait")
            text = (
                f"{event.count} {what} whose outcome is not known {wait} for your decision ({names}): "
                "`acore outbox` lists them and tells how to decide."
            )
            return Line(level="WARNING", text=text)
        case WentAhead():
            text = f"The disk is slow: {event.what} went out before it was on record."
            return Line(level="INFO", text=text)


def _exit(event: ActorExited) -> Line | None:
    # A group fails because of a part of it, which has been told.
    if event.exit in {"normal", "shutdown", "ignored"} or event.actor in GROUPS:
        return None
    place = f" at {event.place}" if event.place else ""
    during = f" while handling {event.handling}" if event.handling else ""
    part = capital(part_name(event.actor))
    return Line(level="ERROR", text=f"{part} failed{during}: {event.reason}{place}")


def _restart(event: ActorRestarting) -> str:
    others = (
        f", together with {', '.join(part_name(name) for name in event.with_it)}" if event.with_it else ""
    )
    times = "first time" if event.restarts == 1 else f"{event.restarts} times"
    return (
        f"Restarting {part_name(event.actor)}{others} in {event.delay:.1f} s "
        f"({times} within {span(event.within)})."
    )


def _purged(event: JournalPurged) -> Line:
    why = "were old" if event.reason == "age" else "were more than JOURNAL_MAX_MB allows"
    megabytes = event.used_bytes / 2**20
    text = f"{event.rows} entries of the journal, up to number {event.last_seq}, {why} and are removed."
    if not event.rows:
        text = "Nothing could be removed from the journal."
    if event.is_cut:
        text += " Among them is the beginning of what runs now, since too little else was left to remove."
    if event.held_by:
        text += f" More would go, but {event.held_by} needs the rest: {megabytes:.0f} MB are in use."
    is_trouble = event.is_cut or bool(event.held_by)
    return Line(level="WARNING" if is_trouble else "INFO", text=text)


def _slow(event: HandlerSlow) -> str:
    part = capital(part_name(event.actor))
    place = f"; it waits at {event.place}" if event.place else ""
    soon = f" After {span(event.limit)} it is given up and restarted." if event.limit is not None else ""
    return (
        f"{part} has been busy with one {event.message} for {span(event.seconds)}"
        f"{place}.{soon} What led to it: `acore why {event.message_id}`"
    )


def _blocked(event: LoopBlocked) -> str:
    what = f" with {event.message}" if event.message else ""
    who = f" because of {part_name(event.actor)}{what}" if event.actor else ""
    place = f", at {event.place}" if event.place else ""
    return (
        f"The whole bot stood still for {event.seconds:.1f} s{who}{place}. "
        "What takes long there belongs in a thread (`anyio.to_thread.run_sync`)."
    )


def part_name(actor: str) -> str:
    """Return what operators call a part, or a group of parts; its own name when it has no other."""
    return PARTS.get(actor) or GROUPS.get(actor, actor)


def capital(text: str) -> str:
    """Return *text* as a sentence begins."""
    return f"{text[:1].upper()}{text[1:]}"


def span(seconds: float) -> str:
    """Return *seconds* in the two largest units that say something."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
