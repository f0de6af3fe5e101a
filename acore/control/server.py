"""The running side of the control socket: who may speak, how much and how long, and nobody harms another."""

import os
import select
import socket
import struct
from collections.abc import Awaitable, Callable

from anyio import (
    BrokenResourceError,
    ClosedResourceError,
    EndOfStream,
    create_task_group,
    sleep_forever,
    wait_readable,
)
from anyio.abc import SocketAttribute, SocketListener, SocketStream
from loguru import logger

from acore.clock import Clock
from acore.control.protocol import NotUnderstoodError, Refusal, Reply, Request, decode_request, encode
from acore.errors import AcoreError
from acore.record import Record
from acore.runtime.report import reason

_CREDENTIALS = struct.Struct("3i")
_ROOT = 0
_NAP = 1.0
_HUNG_UP = (BrokenResourceError, ClosedResourceError, EndOfStream, OSError)


class Limits(Record):
    """How much one caller may take: bytes, seconds, and places for callers at once."""

    request_bytes: int = 65_536
    request_seconds: float = 5.0
    send_seconds: float = 5.0
    callers: int = 16


class NotTakenError(AcoreError):
    """A caller does not take the replies."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the caller took no reply for {seconds:g} s")


class Caller:
    """Who is at the other end of a connection."""

    def __init__(self, stream: SocketStream, clock: Clock, limits: Limits) -> None:
        self._stream = stream
        self._raw = _raw(stream)
        self._clock = clock
        self._limits = limits

    async def send(self, reply: Reply) -> None:
        """Send *reply*.

        Raises:
            NotTakenError: The caller does not read.
            BrokenResourceError: The caller has hung up.
        """
        with self._clock.deadline(self._limits.send_seconds) as scope:
            await self._stream.send(encode(reply))
        if scope.cancelled_caught:
            raise NotTakenError(self._limits.send_seconds)

    async def request(self) -> Request | None:
        """Return the request; None when the caller hung up without one.

        Raises:
            NotUnderstoodError: It is none, too long, or did not come in time.
        """
        limits, line = self._limits, bytearray()
        with self._clock.deadline(limits.request_seconds) as scope:
            while b"\n" not in line:
                if len(line) > limits.request_bytes:
                    raise NotUnderstoodError(f"a request may have {limits.request_bytes} bytes, not more")
                try:
                    line += await self._receive()
                except EndOfStream:
                    if not line:
                        return None
                    raise NotUnderstoodError("the request has no end of line") from None
        if scope.cancelled_caught:
            raise NotUnderstoodError(f"no request came within {limits.request_seconds:g} s")
        return decode_request(bytes(line).partition(b"\n")[0])

    async def hung_up(self) -> None:
        """Return when the caller has hung up; what it says instead is not listened to."""
        try:
            while True:
                await self._receive()
        except EndOfStream:
            # Saying nothing more is not hanging up: `echo … | socat` closes its half and awaits the answer.
            if not _is_closed(self._raw):
                await sleep_forever()
        except _HUNG_UP:
            return

    async def _receive(self) -> bytes:
        # Waiting in `receive` itself, anyio 4.16 logs an error when data and a cancellation come together.
        await wait_readable(self._raw)
        return await self._stream.receive()


type Serve = Callable[[Request, Caller], Awaitable[None]]


class Switchboard:
    """Takes calls on a listening socket, several at once, each on its own."""

    def __init__(self, serve: Serve, clock: Clock, limits: Limits | None = None) -> None:
        """Prepare to take calls.

        Args:
            serve: Sends the replies to a request.
            clock: The clock everybody here goes by.
            limits: How much one caller may take.
        """
        self.callers = 0
        self._serve = serve
        self._clock = clock
        self._limits = limits or Limits()

    async def listen(self, listener: SocketListener) -> None:
        """Take calls until cancelled; then the callers are hung up on."""
        async with listener, create_task_group() as calls:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    # Too many open files, e.g.: that passes, and the bot has more important things to do.
                    logger.warning("Nobody can be let in on the control socket now: {}", error)
                    await self._clock.sleep(_NAP)
                else:
                    calls.start_soon(self._take, stream)

    async def _take(self, stream: SocketStream) -> None:
        self.callers += 1
        try:
            async with stream:
                await self._answer(Caller(stream, self._clock, self._limits), peer_of(stream))
        except (NotTakenError, *_HUNG_UP) as error:
            logger.debug("A caller on the control socket is gone: {}", reason(error))
        except Exception as error:  # noqa: BLE001 - whatever a caller sets off must not take the others' lines down
            logger.error("A caller on the control socket could not be served: {}", reason(error))
        finally:
            self.callers -= 1

    async def _answer(self, caller: Caller, user: int | None) -> None:
        try:
            if user not in {None, os.geteuid(), _ROOT}:
                await caller.send(
                    Refusal(text=f"user {user} may not: the bot belongs to user {os.geteuid()}")
                )
            elif self.callers > self._limits.callers:
                text = f"{self._limits.callers} callers are connected already: try again, or close one"
                await caller.send(Refusal(text=text))
            elif (request := await caller.request()) is not None:
                await self._until_hung_up(request, caller)
        except NotUnderstoodError as error:
            await caller.send(Refusal(text=str(error)))

    async def _until_hung_up(self, request: Request, caller: Caller) -> None:
        """Serve *request* to its end, or until nobody listens any more."""
        failures: list[Exception] = []

        async def serve() -> None:
            try:
                await self._serve(request, caller)
            except Exception as error:  # noqa: BLE001 - a failing answer must not take the others' lines down
                failures.append(error)
            call.cancel_scope.cancel()

        async with create_task_group() as call:
            call.start_soon(serve)
            await caller.hung_up()
            call.cancel_scope.cancel()
        for failure in failures:
            if isinstance(failure, (NotTakenError, *_HUNG_UP)):
                raise failure
            logger.error("Answering on the control socket failed: {}", reason(failure))
            await caller.send(Refusal(text=f"that failed inside the bot: {reason(failure)}"))


def peer_of(stream: SocketStream) -> int | None:
    """Return the number of the user at the other end; None where the operating system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    packed = _raw(stream).getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(packed)[1]


def _raw(stream: SocketStream) -> socket.socket:
    return stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - anyio's, not Django's


def _is_closed(line: socket.socket) -> bool:
    """Return whether the other side is closed both ways; poll(2) tells that unasked."""
    poll = select.poll()
    poll.register(line, 0)
    return bool(poll.poll(0))
