"""The desk: takes each command, sees to its answer, and finishes what an earlier run left open."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

from loguru import logger

from acore.access.rules import Decision, Role
from acore.actors.door import AnswerRefusedError, DiscordUnreachableError, Doorway, Request
from acore.events.bus import AskError
from acore.events.discord import (
    INTERACTION_LIFE,
    AnswerAtOnce,
    AnswerInteraction,
    InteractionAcknowledged,
    InteractionClosed,
    InteractionDenied,
    InteractionReceived,
    InteractionReplied,
    Pending,
    TokenSealed,
)
from acore.events.status import Notice, Reply
from acore.log import forget_secret, keep_secret
from acore.record import Record
from acore.runtime.cell import URGENT_WAIT
from acore.runtime.edge import EdgeContext
from acore.runtime.report import reason
from acore.storage.vault import BrokenSealError

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
# Discord's JSON error codes: the interaction is unknown or too old, or has been acknowledged before.
_UNKNOWN_INTERACTION, _ALREADY_ACKNOWLEDGED = 10062, 40060
_INTERRUPTED = (
    "The bot was interrupted while it worked on this. Look whether it was done before you ask again."
)


class Answerer(Record):
    """How a command comes to its reply.

    Args:
        reply: Makes the reply.
        only_reads: Whether asking again does no harm.
        is_ephemeral: Whether only the person who asked sees the answer, by their role.
    """

    reply: Callable[[InteractionReceived, EdgeContext], Awaitable[Reply]]
    only_reads: bool
    is_ephemeral: Callable[[Role], bool]


class Sealer(Protocol):
    """Seals the right to answer an interaction."""

    def seal(self, text: str, purpose: str) -> str:
        """Return *text* sealed for *purpose*."""
        ...

    def open(self, sealed: str, purpose: str) -> str:
        """Return the text sealed for *purpose*."""
        ...


class _Ticket(Record):
    """The right to answer one interaction, while it lasts."""

    received: InteractionReceived
    token: str


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
        vault: Sealer,
        on_failure: Callable[[], None],
    ) -> None:
        """Open the desk.

        Args:
            io: The gateway actor's context.
            doorway: Where the present connection is found.
            answerers: How each command comes to its reply, by full name.
            vault: Seals the tokens of interactions that are not answered yet.
            on_failure: Called for each command that failed.
        """
        self._io = io
        self._on_failure = on_failure
        self._doorway = doorway
        self._answerers = answerers
        self._vault = vault
        self._tickets: dict[int, _Ticket] = {}
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
        token = self._vault.seal(request.token, str(request.interaction))
        sealed = self._io.publish(TokenSealed(interaction=request.interaction, sealed=token))
        self._keep(received, request.token)
        self._io.tasks.start_soon(self._serve, received, self._io.bound(sent), sealed.seq)

    def _deny(self, request: Request, decision: Decision) -> None:
        self._io.publish(
            InteractionDenied(
                interaction=request.interaction,
                command=request.command,
                invoker=request.invoker,
                place=request.place,
                rule=decision.rule,
            )
        )
        self._io.tasks.start_soon(self._say_no, request)

    async def _say_no(self, request: Request) -> None:
        door = self._doorway.door
        if door is None:
            return
        notice = Notice(text=f"You may not use /{request.command} here.", is_error=True)
        try:
            await door.refuse(request.interaction, request.token, notice)
        except (AnswerRefusedError, DiscordUnreachableError) as error:
            logger.warning("A refusal of /{} did not get through: {}", request.command, error)

    async def _serve(self, received: InteractionReceived, io: EdgeContext, seq: int) -> None:
        with io.clock.deadline(URGENT_WAIT):
            await io.durable(seq)
        if await self._acknowledge(received, io):
            await self._reply(received, io)

    async def _acknowledge(self, received: InteractionReceived, io: EdgeContext) -> bool:
        """Show "thinking"; return whether an answer can follow."""
        ticket, door = self._tickets.get(received.interaction), self._doorway.door
        if ticket is None or door is None:
            return ticket is not None
        try:
            await door.acknowledge(received.interaction, ticket.token, is_ephemeral=received.is_ephemeral)
        except DiscordUnreachableError as error:
            # Discord may have taken it before the line broke: the answer itself will tell.
            logger.warning("/{} could not be acknowledged: {}", received.command, error)
            return True
        except AnswerRefusedError as error:
            if error.code == _ALREADY_ACKNOWLEDGED:
                return True
            self._close(received.interaction, io, str(error))
            return False
        seconds = (io.clock.now() - received.received).total_seconds()
        io.publish(InteractionAcknowledged(interaction=received.interaction, seconds=seconds))
        return True

    async def _reply(self, received: InteractionReceived, io: EdgeContext) -> None:
        reply = await self._compose(received, io)
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
            incident = f"If it happens again, tell the operator: incident {received.interaction}."
            return Notice(text=f"Something went wrong. {incident}", is_error=True)

    async def answer(
        self, wanted: AnswerInteraction | AnswerAtOnce, io: EdgeContext
    ) -> InteractionClosed | None:
        """Show the reply; try again while Discord cannot be reached and the interaction lives."""
        ticket = self._tickets.get(wanted.interaction)
        # After a restart the effect may still be queued beside the one that finishes what was pending.
        if ticket is None or wanted.interaction in self._under_way:
            return None
        self._under_way.add(wanted.interaction)
        received, wait = ticket.received, FIRST_RETRY
        expires = received.received + timedelta(seconds=INTERACTION_LIFE)
        while io.clock.now() < expires:
            try:
                door = await self._doorway.wait()
                await door.answer(received.application, ticket.token, wanted.reply)
                return self._closing(wanted.interaction, io, "")
            except DiscordUnreachableError as error:
                logger.warning("The answer to /{} did not get through: {}", received.command, error)
                await io.clock.sleep(wait)
                wait = min(LONGEST_RETRY, 2 * wait)
            except AnswerRefusedError as error:
                return self._closing(wanted.interaction, io, str(error))
        return self._closing(wanted.interaction, io, "Discord could not be reached for 15 minutes")

    async def resume(self, pending: Pending) -> None:
        """Finish what an earlier run began: answer, ask again, or say that it was interrupted."""
        received, io = pending.received, self._io
        age = (io.clock.now() - received.received).total_seconds()
        if age >= INTERACTION_LIFE or not pending.sealed:
            self._close(received.interaction, io, "interrupted, and too old to be answered")
            return
        try:
            token = self._vault.open(pending.sealed, str(received.interaction))
        except BrokenSealError:
            self._close(received.interaction, io, "interrupted, and the key to its seal is lost")
            return
        self._keep(received, token)
        if not pending.is_acknowledged and not await self._acknowledge_late(received, token):
            return
        if pending.reply is not None:
            self._show(received, pending.reply, io)
            return
        answerer = self._answerers.get(received.command)
        if answerer is not None and answerer.only_reads:
            await self._reply(received, io)
            return
        interrupted = Notice(text=_INTERRUPTED, is_error=True)
        io.publish(InteractionReplied(interaction=received.interaction, reply=interrupted))
        self._show(received, interrupted, io)

    async def _acknowledge_late(self, received: InteractionReceived, token: str) -> bool:
        """Acknowledge after an interruption; that Discord knows nothing may mean it was done."""
        door = await self._doorway.wait()
        try:
            await door.acknowledge(received.interaction, token, is_ephemeral=received.is_ephemeral)
        except AnswerRefusedError as error:
            if error.code not in {_ALREADY_ACKNOWLEDGED, _UNKNOWN_INTERACTION}:
                self._close(received.interaction, self._io, str(error))
                return False
        except DiscordUnreachableError as error:
            logger.warning("/{} could not be acknowledged: {}", received.command, error)
        return True

    def _close(self, interaction: int, io: EdgeContext, failure: str) -> None:
        io.publish(self._closing(interaction, io, failure))

    def _keep(self, received: InteractionReceived, token: str) -> None:
        keep_secret(token)
        self._tickets[received.interaction] = _Ticket(received=received, token=token)

    def _closing(self, interaction: int, io: EdgeContext, failure: str) -> InteractionClosed:
        ticket = self._tickets.pop(interaction, None)
        self._under_way.discard(interaction)
        if ticket is not None:
            forget_secret(ticket.token)
        seconds = (io.clock.now() - ticket.received.received).total_seconds() if ticket else 0.0
        return InteractionClosed(
            interaction=interaction, is_answered=not failure, reason=failure, seconds=seconds
        )
