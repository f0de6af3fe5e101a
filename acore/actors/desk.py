"""The desk: takes each command, sees to its answer, and finishes what an earlier run left open."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from anyio import Event as Flag
from loguru import logger

from acore.access.rules import Decision, Role
from acore.actors.door import AnswerRefusedError, Choice, DiscordUnreachableError, Doorway, Request
from acore.events.asks import AskError
from acore.events.base import Envelope
from acore.events.discord import (
    INTERACTION_LIFE,
    AnswerAtOnce,
    AnswerInteraction,
    Incident,
    IncidentsView,
    InteractionAcknowledged,
    InteractionClosed,
    InteractionDenied,
    InteractionReceived,
    InteractionReplied,
    Pending,
    TokenSealed,
)
from acore.events.outbox import WentAhead
from acore.events.status import Notice, Reply
from acore.log import forget_secret, keep_secret
from acore.record import Record
from acore.runtime.edge import EdgeContext, Outcome
from acore.runtime.edgecell import URGENT_WAIT
from acore.runtime.report import reason
from acore.storage.vault import BrokenSealError

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
ACKNOWLEDGE_LIMIT = 2.5
"""Seconds after which an acknowledgement comes too late: Discord's limit is 3."""
_ACKNOWLEDGE_AGAIN = 0.2
# Discord's JSON error codes: the interaction is unknown or too old, or has been acknowledged before.
_UNKNOWN_INTERACTION, _ALREADY_ACKNOWLEDGED = 10062, 40060
_NOT_RECORDED = (
    "Nothing can be recorded right now, so this was not done: the bot's disk is full or does not work. "
    "Ask its operator to make room, and try again then."
)
_TOO_SLOW = "The bot's records are in trouble and this takes too long right now. Try again soon."
_READ_WITHIN = 2.0  # Discord waits 3 s for the first answer, and this one is both in one.
_INCIDENTS = 10
"""So many incidents are kept in mind."""
_INTERRUPTED = (
    "The bot was interrupted while it worked on this. Look whether it was done before you ask again."
)


class Answerer(Record):
    """How a command comes to its reply.

    Args:
        reply: Makes the reply.
        only_reads: Whether asking again does no harm.
        is_ephemeral: Whether only the person who asked sees the answer, by their role.
        suggest: Returns what somebody may mean who is still typing; it must not wait.
    """

    reply: Callable[[InteractionReceived, EdgeContext], Awaitable[Reply]]
    only_reads: bool
    is_ephemeral: Callable[[Role], bool]
    suggest: "Callable[[str, EdgeContext], tuple[Choice, ...]] | None" = None


class Sealer(Protocol):
    """Seals the right to answer an interaction."""

    def seal(self, text: str, purpose: str) -> str:
        """Return *text* sealed for *purpose*."""
        ...

    def open(self, sealed: str, purpose: str) -> str:
        """Return the text sealed for *purpose*."""
        ...


class Ticket:
    """The right to answer one interaction, while it lasts, and how far its answer has come."""

    def __init__(
        self,
        received: InteractionReceived,
        token: str,
        *,
        is_acknowledged: bool = False,
        reply: Reply | None = None,
    ) -> None:
        """Keep *token* out of whatever is logged, until `Tickets.close`."""
        keep_secret(token)
        self.received = received
        self.token = token
        self.is_acknowledged = is_acknowledged
        self.reply = reply


class Tickets:
    """What is owed now; it outlives the runs of the actor, also while nothing can be written."""

    def __init__(self) -> None:
        self._open: dict[int, Ticket] = {}
        self._closed_one = Flag()

    def __iter__(self) -> Iterator[Ticket]:
        return iter(tuple(self._open.values()))

    def get(self, interaction: int) -> Ticket | None:
        """Return the ticket for *interaction*; None when nothing is owed."""
        return self._open.get(interaction)

    def add(self, ticket: Ticket) -> None:
        """Owe an answer."""
        self._open[ticket.received.interaction] = ticket

    def close(self, interaction: int) -> Ticket | None:
        """Owe nothing for *interaction* any more, and return its ticket."""
        ticket = self._open.pop(interaction, None)
        if ticket is not None:
            forget_secret(ticket.token)
            self._closed_one.set()
            self._closed_one = Flag()
        return ticket

    def forget(self) -> None:
        """Let go of all: the process ends, and the next one reads from the records what is owed."""
        for ticket in self:
            self.close(ticket.received.interaction)

    async def all_closed(self) -> None:
        """Return when nothing is owed."""
        while self._open:
            await self._closed_one.wait()


class Desk:
    """Each command gets a pending record, an acknowledgement, a reply and an answer, in this order.

    The record is on disk before the answer is sent, so that a crash of the connection, or of the whole
    process, leaves nobody without one.
    """

    def __init__(
        self,
        io: EdgeContext,
        doorway: Doorway,
        answerers: Mapping[str, Answerer],
        *,
        vault: Sealer,
        tickets: Tickets,
        on_failure: Callable[[], None],
    ) -> None:
        """Open the desk.

        Args:
            io: The gateway actor's context.
            doorway: Where the present connection is found.
            answerers: How each command comes to its reply, by full name.
            vault: Seals the tokens of interactions that are not answered yet.
            tickets: What is owed already, and what will be.
            on_failure: Called for each command that failed.
        """
        self._io = io
        self._on_failure = on_failure
        self._doorway = doorway
        self._answerers = answerers
        self._vault = vault
        self._tickets = tickets
        self._under_way: set[int] = set()

    def take(self, request: Request, decision: Decision) -> None:
        """Record a command that may be used, and see to its answer; or record that it may not, and say so."""
        answerer = self._answerers.get(request.command)
        if not decision.is_allowed or answerer is None:
            self._deny(request, decision)
            return
        received = InteractionReceived(
            interaction=request.interaction,
            application=request.application,
            command=request.command,
            arguments=request.arguments,
            invoker=request.invoker,
            place=request.place,
            is_ephemeral=answerer.is_ephemeral(decision.role),
            role=decision.role.name.lower(),
            rule=decision.rule,
            received=request.made,
        )
        sent = self._io.publish(received)
        if sent.was_refused:
            self._io.spawn(self._serve_unrecorded, request, received, answerer)
            return
        token = self._vault.seal(request.token, str(request.interaction))
        sealed = self._io.publish(TokenSealed(interaction=request.interaction, sealed=token))
        self._tickets.add(Ticket(received, request.token))
        self._io.spawn(self._serve, received, self._io.bound(sent), sealed.seq)

    def suggestions(self, request: Request, decision: Decision, typed: str) -> tuple[Choice, ...]:
        """Return what somebody may mean who is still typing; nothing to those who may not use the command."""
        answerer = self._answerers.get(request.command)
        if not decision.is_allowed or answerer is None or answerer.suggest is None:
            return ()
        return answerer.suggest(typed, self._io)

    def _remember(self, number: int, what: str) -> None:
        """Keep in mind that something went wrong for somebody, so that it can be suggested to operators."""
        shown = self._io.view(IncidentsView)
        before = shown.recent if shown is not None else ()
        newest = Incident(number=number, what=what, at=self._io.clock.now())
        self._io.show(IncidentsView(recent=(newest, *before)[:_INCIDENTS]))

    def _deny(self, request: Request, decision: Decision) -> None:
        self._remember(request.interaction, f"{request.invoker.name} was refused /{request.command}")
        denied = self._io.publish(
            InteractionDenied(
                interaction=request.interaction,
                command=request.command,
                invoker=request.invoker,
                place=request.place,
                rule=decision.rule,
            )
        )
        notice = Notice(text=f"You may not use /{request.command} here.", is_error=True)
        self._io.spawn(self._say_no, request, notice, denied)

    async def _say_no(self, request: Request, notice: Notice, denied: Envelope) -> None:
        if not denied.was_refused:
            await self._until_durable(denied.seq, self._io.bound(denied), "the refusal of a command")
        await self._answer_in_one(request, notice)

    async def _serve_unrecorded(
        self, request: Request, received: InteractionReceived, answerer: Answerer
    ) -> None:
        """Answer what only reads; say of anything else that it was not done, since it cannot be recorded."""
        reply: Reply = Notice(text=_TOO_SLOW if answerer.only_reads else _NOT_RECORDED, is_error=True)
        if answerer.only_reads:
            with self._io.clock.deadline(_READ_WITHIN):
                reply = await self._compose(received, self._io)
        await self._answer_in_one(request, reply)

    async def _answer_in_one(self, request: Request, reply: Reply) -> None:
        """Give the person the first and last answer, which nothing is recorded of."""
        door = self._doorway.door
        if door is None:
            return
        keep_secret(request.token)
        try:
            await door.refuse(request.interaction, request.token, reply)
        except (AnswerRefusedError, DiscordUnreachableError) as error:
            logger.warning("The answer to /{} did not get through: {}", request.command, error)
        finally:
            forget_secret(request.token)

    async def _serve(self, received: InteractionReceived, io: EdgeContext, seq: int) -> None:
        await self._until_durable(seq, io, "the acknowledgement of a command")
        if await self._acknowledge(received, io):
            await self._reply(received, io)

    async def _until_durable(self, seq: int, io: EdgeContext, what: str) -> None:
        """Return when *seq* is on disk, or after a moment, which is noted: Discord waits for 3 s."""
        with io.clock.deadline(URGENT_WAIT) as wait:
            await io.durable(seq)
        if wait.cancelled_caught:
            io.publish(WentAhead(what=what, waited=URGENT_WAIT))

    async def _acknowledge(self, received: InteractionReceived, io: EdgeContext) -> bool:
        """Show "thinking"; return whether an answer can follow."""
        ticket, wait = self._tickets.get(received.interaction), _ACKNOWLEDGE_AGAIN
        while ticket is not None and (door := self._doorway.door) is not None:
            try:
                await door.acknowledge(received.interaction, ticket.token, is_ephemeral=received.is_ephemeral)
            except DiscordUnreachableError as error:
                logger.warning("/{} could not be acknowledged: {}", received.command, error)
                wait = max(wait, error.wait)
                if self._age(received) + wait > ACKNOWLEDGE_LIMIT:
                    # Discord may have taken it before the line broke: the answer itself will tell.
                    return True
                await io.clock.sleep(wait)
            except AnswerRefusedError as error:
                if error.code == _ALREADY_ACKNOWLEDGED:
                    return True
                self._close(received.interaction, io, str(error))
                return False
            else:
                ticket.is_acknowledged = True
                seconds = self._age(received)
                io.publish(InteractionAcknowledged(interaction=received.interaction, seconds=seconds))
                return True
        return ticket is not None

    async def _reply(self, received: InteractionReceived, io: EdgeContext) -> None:
        reply = await self._compose(received, io)
        if (ticket := self._tickets.get(received.interaction)) is not None:
            ticket.reply = reply
        io.publish(InteractionReplied(interaction=received.interaction, reply=reply))
        self._show(received, reply, io)

    def _show(self, received: InteractionReceived, reply: Reply, io: EdgeContext) -> None:
        answerer = self._answerers.get(received.command)
        # What changed something must be on disk before anybody is told; what only read must never wait.
        effect = AnswerAtOnce if answerer is not None and answerer.only_reads else AnswerInteraction
        io.perform(effect(interaction=received.interaction, reply=reply))

    async def _compose(self, received: InteractionReceived, io: EdgeContext) -> Reply:
        answerer = self._answerers.get(received.command)
        if answerer is None:
            return Notice(text=f"/{received.command} is not there any more.", is_error=True)
        try:
            return await answerer.reply(received, io)
        except AskError as error:
            logger.warning("/{} got no reply: {}", received.command, error)
            return Notice(
                text="That part of the bot is not answering right now. Try again soon.", is_error=True
            )
        except Exception as error:  # noqa: BLE001 - one failing command must not take the connection down
            self._on_failure()
            logger.error(
                "/{} failed (incident {}): {}", received.command, received.interaction, reason(error)
            )
            self._remember(received.interaction, f"/{received.command} failed for {received.invoker.name}")
            incident = f"If it happens again, tell the operator: incident {received.interaction}."
            return Notice(text=f"Something went wrong. {incident}", is_error=True)

    async def answer(
        self, wanted: AnswerInteraction | AnswerAtOnce, io: EdgeContext
    ) -> InteractionClosed | Outcome | None:
        """Show the reply; try again while Discord cannot be reached and the interaction lives."""
        ticket = self._tickets.get(wanted.interaction)
        # After a restart the effect may still be queued beside the one that finishes what was pending.
        if ticket is None or wanted.interaction in self._under_way:
            return None
        self._under_way.add(wanted.interaction)
        received, wait = ticket.received, FIRST_RETRY
        while self._age(received) < INTERACTION_LIFE:
            door = await self._doorway.wait()
            if door is None:
                # The process ends; the record stays open, and the next run goes on with it.
                return Outcome.LATER
            try:
                await door.answer(received.application, ticket.token, wanted.reply)
                return self._closing(wanted.interaction, "")
            except DiscordUnreachableError as error:
                logger.warning("The answer to /{} did not get through: {}", received.command, error)
                with io.clock.deadline(max(wait, error.wait)):
                    await self._doorway.closed.wait()
                wait = min(LONGEST_RETRY, 2 * wait)
            except AnswerRefusedError as error:
                return self._closing(wanted.interaction, str(error))
        return self._closing(wanted.interaction, "Discord could not be reached for 15 minutes")

    async def resume(self, pending: Pending) -> None:
        """Take up what an earlier run of the process left open."""
        received, io = pending.received, self._io
        if self._tickets.get(received.interaction) is not None:
            return
        if self._age(received) >= INTERACTION_LIFE or not pending.sealed:
            self._close(received.interaction, io, "interrupted, and too old to be answered")
            return
        try:
            token = self._vault.open(pending.sealed, str(received.interaction))
        except BrokenSealError:
            self._close(received.interaction, io, "interrupted, and the key to its seal is lost")
            return
        ticket = Ticket(received, token, is_acknowledged=pending.is_acknowledged, reply=pending.reply)
        self._tickets.add(ticket)
        await self.go_on(ticket)

    async def go_on(self, ticket: Ticket) -> None:
        """Go on at the step that is missing: answer, ask again, or say that it was interrupted."""
        received, io = ticket.received, self._io
        if not ticket.is_acknowledged and not await self._acknowledge_late(ticket):
            return
        if ticket.reply is not None:
            self._show(received, ticket.reply, io)
            return
        answerer = self._answerers.get(received.command)
        if answerer is not None and answerer.only_reads:
            await self._reply(received, io)
            return
        ticket.reply = Notice(text=_INTERRUPTED, is_error=True)
        io.publish(InteractionReplied(interaction=received.interaction, reply=ticket.reply))
        self._show(received, ticket.reply, io)

    async def _acknowledge_late(self, ticket: Ticket) -> bool:
        """Acknowledge after an interruption; that Discord knows nothing may mean it was done."""
        door, received = await self._doorway.wait(), ticket.received
        if door is None:
            return False
        try:
            await door.acknowledge(received.interaction, ticket.token, is_ephemeral=received.is_ephemeral)
        except AnswerRefusedError as error:
            if error.code not in {_ALREADY_ACKNOWLEDGED, _UNKNOWN_INTERACTION}:
                self._close(received.interaction, self._io, str(error))
                return False
        except DiscordUnreachableError as error:
            logger.warning("/{} could not be acknowledged: {}", received.command, error)
        return True

    def _age(self, received: InteractionReceived) -> float:
        return (self._io.clock.now() - received.received).total_seconds()

    def _close(self, interaction: int, io: EdgeContext, failure: str) -> None:
        io.publish(self._closing(interaction, failure))

    def _closing(self, interaction: int, failure: str) -> InteractionClosed:
        ticket = self._tickets.close(interaction)
        self._under_way.discard(interaction)
        seconds = self._age(ticket.received) if ticket else 0.0
        return InteractionClosed(
            interaction=interaction, is_answered=not failure, reason=failure, seconds=seconds
        )
