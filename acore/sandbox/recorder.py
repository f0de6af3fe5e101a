"""Writes down what bots and the sandbox say to each other, one JSON object a line.

Writing happens in a thread of its own, so that a slow disk never delays an answer.
"""

from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import anyio.to_thread
import msgspec

from acore.sandbox import realtime
from acore.sandbox.shapes import Json, as_list, as_object, as_unicode

REST_FILE = "rest.jsonl"
GATEWAY_FILE = "gateway.jsonl"
SECRET_KEYS = frozenset({"token", "access_token", "refresh_token", "client_secret"})
HIDDEN = "[redacted]"
KEPT_HEADERS = frozenset({"content-type", "retry-after", "via", "x-audit-log-reason", "user-agent"})


def without_secrets(value: object) -> object:
    """Return *value* with every token in it hidden."""
    if isinstance(value, dict):
        return {
            key: HIDDEN if key in SECRET_KEYS and isinstance(inner, str) else without_secrets(inner)
            for key, inner in as_object(value).items()  # pyright: ignore[reportUnknownArgumentType]
        }
    if isinstance(value, list):
        return [without_secrets(inner) for inner in as_list(value)]  # pyright: ignore[reportUnknownArgumentType]
    return value


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth recording; never Authorization."""
    return {
        name: as_unicode(value)
        for name, value in headers.items()
        if name.lower() in KEPT_HEADERS or name.lower().startswith("x-ratelimit")
    }


class Recorder:
    """Two growing files in one directory, one of REST exchanges and one of gateway frames.

    Args:
        directory: made if it is missing; files in it are appended to. None records nothing. What is made is
            for its owner alone, as paths have the tokens of interactions and webhooks in them.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._lines: SimpleQueue[tuple[str, bytes] | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._sockets = 0

    @property
    def is_recording(self) -> bool:
        """Whether anything is written."""
        return self._thread is not None

    async def start(self) -> None:
        """Make the directory and begin to write.

        Raises:
            OSError: the directory cannot be made or written.
        """
        if self._directory is not None:
            await anyio.to_thread.run_sync(self._prepare, self._directory)
            self._thread = Thread(
                target=self._write, args=(self._directory,), name="sandbox-recorder", daemon=True
            )
            self._thread.start()

    async def stop(self) -> None:
        """Write what is left and end."""
        if self._thread is not None:
            self._lines.put(None)
            await anyio.to_thread.run_sync(self._thread.join)
            self._thread = None

    def exchange(self, record: Json) -> None:
        """Record one REST exchange."""
        self._put(REST_FILE, record)

    def socket(self, query: dict[str, str]) -> "GatewayLog":
        """Return the log of a new gateway socket."""
        self._sockets += 1
        return GatewayLog(self, self._sockets, query)

    def frame(self, record: Json) -> None:
        """Record one gateway frame, or the opening or closing of a socket."""
        self._put(GATEWAY_FILE, record)

    def _put(self, file: str, record: Json) -> None:
        if self.is_recording:
            line = msgspec.json.encode(without_secrets(record)) + b"\n"
            self._lines.put((file, line))

    def _prepare(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in (REST_FILE, GATEWAY_FILE):
            (directory / file).touch(mode=0o600)

    def _write(self, directory: Path) -> None:
        with (directory / REST_FILE).open("ab") as rest, (directory / GATEWAY_FILE).open("ab") as gateway:
            files = {REST_FILE: rest, GATEWAY_FILE: gateway}
            while (item := self._lines.get()) is not None:
                file, line = item
                files[file].write(line)
                files[file].flush()


class GatewayLog:
    """The frames of one socket; kept back until it is known whose it is, since people are not recorded."""

    def __init__(self, recorder: Recorder, number: int, query: dict[str, str]) -> None:
        self._recorder = recorder
        self._number = number
        self._waiting: list[Json] | None = []
        self._is_person = False
        self._write({"dir": "open", "query": query})

    def is_bot(self) -> None:
        """Record what was kept back, and all that follows."""
        waiting, self._waiting = self._waiting or [], None
        for record in waiting:
            self._recorder.frame(record)

    def is_person(self) -> None:
        """Forget what was kept back and record nothing more."""
        self._waiting = None
        self._is_person = True

    def sent(self, frame: Json) -> None:
        """Record a frame the client sent."""
        self._write({"dir": "send", **_known(frame), "keys": sorted(frame)})

    def received(self, frame: Json, *, compressed: bool) -> None:
        """Record a frame the client is sent."""
        self._write({"dir": "recv", **_known(frame), "keys": sorted(frame), "zlib": compressed})

    def closed(self, code: int | None) -> None:
        """Record that the server closed the socket; without a code it cut the connection."""
        self._write({"dir": "close-server", "code": code})

    def left(self, code: int | None) -> None:
        """Record that the client closed the socket."""
        self._write({"dir": "close-bot", "code": code})

    def _write(self, record: Json) -> None:
        if self._is_person:
            return
        record = {"ts": realtime.now().timestamp(), "conn": self._number, **record}
        if self._waiting is None:
            self._recorder.frame(record)
        else:
            self._waiting.append(record)


def _known(frame: Json) -> Json:
    return {key: frame[key] for key in ("op", "s", "t", "d") if key in frame}
