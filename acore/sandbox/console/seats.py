"""One user at the console: where they look, what they have seen there, and what they wait for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acore.sandbox import realtime
from acore.sandbox.console.grammar import REFERENCE, NotUnderstoodError
from acore.sandbox.console.names import called, place_name
from acore.sandbox.person.feed import SeenEvent
from acore.sandbox.person.person import Person
from acore.sandbox.shapes import Json, as_list, as_object
from acore.sandbox.state.kinds import MessageFlag

TYPING_SECONDS = 10.0  # Discord's documentation, "Trigger Typing Indicator"
REMEMBERED = 100
"""Messages of a channel that are read when it is opened; as many as Discord gives at once."""


class NoSuchMessageError(NotUnderstoodError):
    """There is no such message where the user looks."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no {what} here")


@dataclass(slots=True)
class Seat:
    """One user at the console."""

    username: str
    person: Person
    channel_id: str
    messages: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    """What was seen, by channel and id, in the order it was said."""
    unread: dict[str, int] = field(default_factory=dict[str, int])
    held: list[tuple[SeenEvent, Json]] = field(default_factory=list[tuple[SeenEvent, Json]])
    """What happened while another user was at the console, with the messages as they stood before."""
    form: Json | None = None
    """The form a bot shows, until it is submitted."""
    waiting: list[str] = field(default_factory=list[str])
    """What was started and not answered yet."""
    _typing: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    @property
    def user_id(self) -> str:
        """Whose seat it is."""
        return str(self.person.user["id"])

    @property
    def place(self) -> str:
        """What the channel is called."""
        return place_name(self.person.places, self.channel_id)

    @property
    def guild_id(self) -> str | None:
        """The server of the channel; None for a direct message."""
        return self.person.places.guild_of(self.channel_id)

    @property
    def here(self) -> list[Json]:
        """The messages of the channel, oldest first."""
        return list(self.messages.get(self.channel_id, {}).values())

    # -- what happens

    def take(self, event: SeenEvent) -> Json:
        """Keep up with an event; return the message it is about as it stood before, or nothing."""
        data = event.data
        channel = self.messages.setdefault(str(data.get("channel_id")), {})
        match event.name:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE":
                before = channel.get(data["id"], {})
                channel[data["id"]] = {**before, **data}
                author = str(as_object(data.get("author")).get("id"))
                self._typing.pop((str(data["channel_id"]), author), None)
                return before
            case "MESSAGE_DELETE":
                return channel.pop(str(data.get("id")), {})
            case "MESSAGE_DELETE_BULK":
                for one in as_list(data.get("ids")):
                    channel.pop(str(one), None)
            case "TYPING_START":
                self._typing[str(data["channel_id"]), str(data["user_id"])] = event.at
            case "INTERACTION_MODAL_CREATE":
                self.form = data
            case _:
                return channel.get(str(data.get("message_id")), {})
        return {}

    async def read_back(self, channel_id: str) -> None:
        """Learn what was said in a channel before.

        Raises:
            RefusedError: the user may not read there.
        """
        listed = await self.person.messages(channel_id, limit=REMEMBERED)
        known = self.messages.get(channel_id, {})
        whole = {**{one["id"]: one for one in listed}, **known}
        self.messages[channel_id] = dict(sorted(whole.items(), key=lambda one: int(one[0])))

    def now(self, message: Json) -> Json:
        """Return a message as it stands now; nothing if it is gone."""
        return self.messages.get(str(message.get("channel_id")), {}).get(str(message.get("id")), {})

    def busy(self) -> list[str]:
        """Return what is being waited for in this channel, as sentences."""
        told = [
            f"{called(as_object(one.get('author')))} is thinking…"
            for one in self.here
            if int(one.get("flags") or 0) & MessageFlag.LOADING
        ]
        if not told:
            told += [f"waiting for {one}…" for one in self.waiting]
        now = realtime.monotonic()
        for (channel_id, user_id), since in self._typing.items():
            if channel_id == self.channel_id and user_id != self.user_id and now - since < TYPING_SECONDS:
                told.append(f"{called(self.person.places.users.get(user_id, {}))} is typing…")
        return told

    # -- finding a message

    def find(self, reference: str | None, what: str, suits: Callable[[Json], bool]) -> Json:
        """Return a message of this channel.

        Args:
            reference: ^ for the newest, ^2 for the one before it and so on, or an id; None for the newest
                that suits. Messages that only this user sees are counted where they suit.
            what: what is looked for, for the error.
            suits: whether a message is one.

        Raises:
            NoSuchMessageError: there is none.
        """
        newest_first = [one for one in reversed(self.here) if not _is_loading(one)]
        if reference is None:
            found = [one for one in newest_first if suits(one)]
        else:
            match = REFERENCE.fullmatch(reference)
            if match is None:
                raise NoSuchMessageError(f"message {reference!r}")
            at = int(match[1] or 1) - 1
            by_id = [one for one in newest_first if one["id"] == reference]
            counted = [one for one in newest_first if for_all(one) or suits(one)]
            found = by_id or (counted[at : at + 1] if reference.startswith("^") and at >= 0 else [])
            found = [one for one in found if suits(one)]
        if not found:
            raise NoSuchMessageError(what if reference is None else f"{what} {reference}")
        return found[0]


def for_all(message: Json) -> bool:
    """Return whether not just one person sees a message; what only one sees takes no reply or reaction."""
    return not int(message.get("flags") or 0) & MessageFlag.EPHEMERAL


def _is_loading(message: Json) -> bool:
    return bool(int(message.get("flags") or 0) & MessageFlag.LOADING)
