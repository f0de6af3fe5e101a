"""Sends bots dispatches that were encoded beforehand, as fast as they take them or at a rate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import anyio.to_thread

from acore.sandbox import payloads, realtime
from acore.sandbox.gateway import intents
from acore.sandbox.gateway.gateway import Gateway
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.load import backlog, ready
from acore.sandbox.load.ready import Ready
from acore.sandbox.load.report import BACKLOG_BYTES, BUSY_SHARE, REACHED, Limit
from acore.sandbox.messages.messages import Messages
from acore.sandbox.parameters import WrongInputError, parameter
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import WITH_MESSAGES
from acore.sandbox.state.records import Application, Channel, Guild, Member
from acore.sandbox.state.world import World

EVENTS = ("MESSAGE_CREATE", "TYPING_START")
KINDS = 64
"""How many different dispatches are encoded; they come in turn."""
BATCH = 256
"""Dispatches written at once."""
PAUSE = 0.01
DRAIN_SECONDS = 10.0
"""How long a bot is waited for in the end, until it has read everything."""
MOSTLY = 0.5


class NoBotError(Exception):
    """No bot is connected that could be sent anything."""

    def __init__(self) -> None:
        super().__init__("no bot is connected; start it first")


@dataclass(frozen=True, kw_only=True)
class FloodPlan:
    """What is to be sent."""

    event: str = parameter("MESSAGE_CREATE", "What happens, again and again.", choices=EVENTS)
    rate: float | None = parameter(None, "Dispatches a second; null for as many as bots take.", minimum=0.001)
    seconds: float = parameter(10.0, "How long it goes on.", minimum=0.001, maximum=86400)
    count: int | None = parameter(None, "Dispatches after which it ends.", minimum=1)


@dataclass(frozen=True, slots=True)
class FloodReport:
    """How it went; rates are a second's.

    *taken_rate* is what bots read, known when they have read everything (*drained_seconds* after the last was
    written). *waited_share* is how much of the time the sandbox could not write, as bots did not read.
    """

    event: str
    wanted_rate: float | None
    seconds: float
    sent: int
    sent_bytes: int
    sent_rate: float
    taken_rate: float | None
    drained_seconds: float | None
    waited_share: float
    backlog_bytes: int
    processor_share: float
    was_interrupted: bool
    limit: Limit
    verdict: str


class Flood:
    """One run of ready-made dispatches to the bot of an application, on all its shards.

    What they tell of is not kept: asked for a message, REST knows none.

    Args:
        world: where it happens.
        messages: tells how a message looks.
        gateway: has the sessions.
        application: whose bot is sent it.
        plan: what is to be sent.

    Raises:
        NoBotError: the bot is not connected.
        WrongInputError: the bot did not ask for such events, or sees nobody of whom they could be.
    """

    def __init__(
        self, world: World, messages: Messages, gateway: Gateway, application: Application, plan: FloodPlan
    ) -> None:
        self._world = world
        self._messages = messages
        self._gateway = gateway
        self._plan = plan
        self._ready = [
            (one, self._encoded(one, application))
            for one in gateway.sessions_of(application.bot)
            if one.socket is not None
        ]
        self.sent = 0
        self._sent_bytes = 0
        self._waited = 0.0
        self._most = 0
        self._is_stopped = False
        if not self._ready:
            raise NoBotError

    def stop(self) -> None:
        """Send nothing more; `run` tells how it went until now."""
        self._is_stopped = True

    async def run(self) -> FloodReport:
        """Send, wait until everything is read, and tell how it went."""
        began, worked = realtime.monotonic(), realtime.processor_seconds()
        was_interrupted = not await self._send(began)
        seconds = realtime.monotonic() - began
        share = (realtime.processor_seconds() - worked) / seconds
        unread = await self._unread()
        drained = await self._drained()
        sent_rate = self.sent / seconds
        waited = min(1.0, self._waited / seconds)
        taken_rate = None if drained is None else self.sent / (seconds + drained)
        limit = self._limit(sent_rate, waited, share, unread)
        return FloodReport(
            event=self._plan.event,
            wanted_rate=self._plan.rate,
            seconds=seconds,
            sent=self.sent,
            sent_bytes=self._sent_bytes,
            sent_rate=sent_rate,
            taken_rate=taken_rate,
            drained_seconds=drained,
            waited_share=waited,
            backlog_bytes=max(self._most, unread),
            processor_share=share,
            was_interrupted=was_interrupted,
            limit=limit,
            verdict=verdict(limit, self._plan.rate, sent_rate, taken_rate),
        )

    async def _send(self, began: float) -> bool:
        """Send until it is over; return whether bots stayed and nobody stopped it until then."""
        plan, turn = self._plan, 0
        while not self._is_stopped and self.sent < (plan.count or self.sent + 1):
            passed = realtime.monotonic() - began
            if passed >= plan.seconds:
                break
            due = BATCH if plan.rate is None else int(passed * plan.rate) - self.sent
            if due <= 0:
                await realtime.sleep(PAUSE)
                continue
            left = due if plan.count is None else min(due, plan.count - self.sent)
            session, kinds = self._ready[turn % len(self._ready)]
            turn += 1
            if not await self._send_batch(session, kinds, min(left, BATCH)):
                return False
        return not self._is_stopped

    async def _send_batch(self, session: Session, kinds: list[Ready], count: int) -> bool:
        socket = session.socket
        if socket is None or socket.is_closing:
            return False
        first = session.reserve(count)
        ids = [self._world.snowflakes.make_number() for _ in range(count)]
        written = ready.messages(kinds, first, ids)
        began = realtime.monotonic()
        await session.send_encoded(written, count)
        self._waited += realtime.monotonic() - began
        self.sent += count
        self._sent_bytes += len(written)
        self._most = max(self._most, socket.unsent_bytes)
        return True

    async def _unread(self) -> int:
        table = await anyio.to_thread.run_sync(backlog.read_table)
        return backlog.unread_bytes(self._gateway.bot_sockets(), table)

    async def _drained(self) -> float | None:
        """Return after how many seconds bots had read everything, None if they had not in time."""
        began = realtime.monotonic()
        while (passed := realtime.monotonic() - began) < DRAIN_SECONDS:
            if not await self._unread():
                return passed
            await realtime.sleep(PAUSE)
        return None

    def _limit(self, sent_rate: float, waited: float, share: float, unread: int) -> Limit:
        wanted = self._plan.rate
        if wanted is not None and sent_rate >= REACHED * wanted and unread < BACKLOG_BYTES:
            return Limit.NOTHING
        if waited >= MOSTLY or unread >= BACKLOG_BYTES:
            return Limit.BOT
        return Limit.SANDBOX if share >= BUSY_SHARE or wanted is None else Limit.MACHINE

    # -- beforehand

    def _encoded(self, session: Session, application: Application) -> list[Ready]:
        """Return different dispatches as this session reads them.

        Raises:
            WrongInputError: there are none.
        """
        event, user_id = self._plan.event, application.bot.id
        told = self._typing if event == "TYPING_START" else self._saying
        found = list(islice(self._payloads(session, application, told), KINDS))
        if not found:
            raise WrongInputError("event", event, "let the bot be in a guild with a channel and people")
        if not intents.wants(session.intents, event, found[0], user_id):
            raise WrongInputError("event", event, "the bot must ask for the intent of such events")
        read = [intents.as_read_by(session.intents, event, one, user_id) for one in found]
        is_compressed = session.socket is not None and session.socket.is_compressed
        return [Ready(event, one, is_compressed=is_compressed) for one in read]

    def _payloads(
        self, session: Session, application: Application, told: Callable[[Guild, Channel, Member], Json]
    ) -> Iterator[Json]:
        guilds = [one for one in self._world.guilds_of(application.bot.id) if session.has_guild(one.id)]
        places = [
            (guild, channel, [one for one in guild.members.values() if not one.user.bot])
            for guild in guilds[:KINDS]
            for channel in guild.channels.values()
            if channel.type in WITH_MESSAGES and application.bot.id in self._world.audience(channel)
        ]
        people = max((len(members) for _, _, members in places), default=0)
        for number in range(people):
            for guild, channel, members in places:
                if number < len(members):
                    yield told(guild, channel, members[number])

    def _saying(self, _guild: Guild, channel: Channel, member: Member) -> Json:
        message = self._messages.new(channel, member.user)
        name, place = member.user.username, channel.name
        message.content = f"Synthetic: {name} says about as much as people do at once in #{place}."
        return self._messages.told(channel, message)

    def _typing(self, guild: Guild, channel: Channel, member: Member) -> Json:
        return {
            "channel_id": channel.id,
            "guild_id": guild.id,
            "user_id": member.user.id,
            "timestamp": int(realtime.now().timestamp()),
            "member": payloads.member(member),
        }


def verdict(limit: Limit, wanted: float | None, sent_rate: float, taken_rate: float | None) -> str:
    """Return what was at its limit, in one sentence.

    Args:
        limit: what it was.
        wanted: dispatches a second that were asked for; None for as many as bots take.
        sent_rate: how many a second were written.
        taken_rate: how many a second were read; None if not all were.
    """
    if limit is Limit.NOTHING:
        return f"The bot kept up with {wanted:g} a second."
    if limit is Limit.SANDBOX:
        return f"The sandbox was the limit: it wrote {sent_rate:,.0f} a second, and the bot kept up."
    if limit is Limit.BOT:
        # What was written but still waits for the bot says nothing of how fast it reads.
        if taken_rate is None:
            return "The bot was the limit: it had not read everything in the end."
        return f"The bot was the limit: it read {taken_rate:,.0f} a second."
    return limit.sentence
