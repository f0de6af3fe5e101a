"""Something a person started with the bot, followed to its end."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from acore.sandbox.person.feed import Feed, PersonError, SeenEvent
from acore.sandbox.shapes import Json, as_object
from acore.sandbox.state.kinds import MessageFlag


class DidNotRespondError(PersonError):
    """The bot did not answer within its three seconds."""

    def __init__(self) -> None:
        super().__init__("The application did not respond")


@dataclass(slots=True)
class Invocation:
    """Something a person started with the bot, and how it went on."""

    _feed: Feed
    nonce: str
    _after: int
    began_at: float
    _kind: int
    source_id: str | None = None
    """The message whose component was used."""

    @property
    def events(self) -> list[SeenEvent]:
        """Everything the person saw of it so far."""
        identity = self._id_now()
        return [event for event in self._feed.events[self._after :] if self._is_mine(event, identity)]

    @property
    def messages(self) -> list[Json]:
        """The bot's messages as they stand now, answer and follow-ups, in the order they came."""
        current: dict[str, Json] = {}
        for event in self.events:
            match event.name:
                case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                    current[event.data["id"]] = event.data
                case "MESSAGE_DELETE":
                    current.pop(event.data["id"], None)
                case _:
                    pass
        return list(current.values())

    @property
    def source(self) -> Json | None:
        """The message whose component was used, as it stands now; None if it was not changed since."""
        changes = [
            event.data
            for event in self._feed.events[self._after :]
            if event.name == "MESSAGE_UPDATE" and event.data["id"] == self.source_id
        ]
        return changes[-1] if changes else None

    async def acknowledged(self, within: float | None = 10.0) -> SeenEvent:
        """Wait until the bot gave any first answer, "thinking…" included; its *at* tells when.

        Raises:
            DidNotRespondError: the bot did not within its three seconds.
            TimeoutError: neither is known in time.
        """
        return await self._first(_is_acknowledgement, within)

    async def settled(self, within: float | None = 10.0) -> SeenEvent:
        """Wait until the bot is done: an answer beyond "thinking…", suggestions, a modal, or a silent yes.

        Raises:
            DidNotRespondError: the bot did not answer in time.
            TimeoutError: it is not done in time.
        """
        return await self._first(self._is_settlement, within)

    async def answered(self, within: float | None = 10.0) -> Json:
        """Wait for the final answer, the first message that is not "thinking…", and return it.

        Raises:
            DidNotRespondError: the bot did not answer in time.
            TimeoutError: there is no final answer in time.
        """
        return (await self._first(_is_answer, within)).data

    async def modal(self, within: float | None = 10.0) -> Json:
        """Wait for the modal the bot shows, and return it.

        Raises:
            DidNotRespondError: the bot did not answer in time.
            TimeoutError: it shows none in time.
        """
        return (await self._first(lambda event: event.name == "INTERACTION_MODAL_CREATE", within)).data

    async def _first(self, matches: Callable[[SeenEvent], bool], within: float | None) -> SeenEvent:
        def matches_or_failed(event: SeenEvent) -> bool:
            if not self._is_mine(event, self._id_now()):
                return False
            return event.name == "INTERACTION_FAILURE" or matches(event)

        event = await self._feed.wait_for(matches_or_failed, within=within, after=self._after)
        if event.name == "INTERACTION_FAILURE":
            raise DidNotRespondError
        return event

    def _is_settlement(self, event: SeenEvent) -> bool:
        is_component = self._kind in {3, 5}
        if event.name in {"INTERACTION_MODAL_CREATE", "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"}:
            return True
        return _is_answer(event) or (is_component and event.name == "INTERACTION_SUCCESS")

    def _id_now(self) -> str | None:
        for event in self._feed.events[self._after :]:
            if event.name == "INTERACTION_CREATE" and event.data.get("nonce") == self.nonce:
                return str(event.data["id"])
        return None

    def _said_before(self, message_id: object, identity: str) -> bool:
        return any(
            event.name == "MESSAGE_CREATE"
            and event.data["id"] == message_id
            and as_object(event.data.get("interaction_metadata")).get("id") == identity
            for event in self._feed.events[self._after :]
        )

    def _is_mine(self, event: SeenEvent, identity: str | None) -> bool:
        if event.data.get("nonce") == self.nonce:
            return True
        if identity is None:
            return False
        if event.name == "MESSAGE_DELETE":
            return self._said_before(event.data["id"], identity)
        return as_object(event.data.get("interaction_metadata")).get("id") == identity


def new_nonce() -> str:
    """Return a number that tells one request from others, short enough for Discord."""
    return str(secrets.randbits(62))


def _is_acknowledgement(event: SeenEvent) -> bool:
    return event.name in {
        "INTERACTION_SUCCESS",
        "INTERACTION_MODAL_CREATE",
        "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE",
        "MESSAGE_CREATE",
    }


def _is_answer(event: SeenEvent) -> bool:
    is_message = event.name in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}
    return is_message and not int(event.data["flags"]) & MessageFlag.LOADING
