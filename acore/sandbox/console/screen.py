"""What appears before a person: messages as they come, and the console's own words."""

import shutil
from collections.abc import Callable

from acore.sandbox.console import names
from acore.sandbox.console.ink import DIM, RED, Ink, Style
from acore.sandbox.console.names import called, of_places, place_name
from acore.sandbox.console.pieces import known_as
from acore.sandbox.console.render import render_message, summary
from acore.sandbox.console.seats import Seat
from acore.sandbox.person import forms
from acore.sandbox.person.feed import SeenEvent
from acore.sandbox.shapes import Json, as_list, as_object, as_objects
from acore.sandbox.state.kinds import MessageFlag

type Show = Callable[[str], None]
"""Puts text before the person."""

# What of a message is seen; whatever else changes is no news.
VISIBLE = ("content", "embeds", "components", "attachments", "sticker_items")


class Screen:
    """What appears before a person.

    Args:
        show: puts text before the person.
        colour: whether it may be coloured.
        width: how many columns there are; the terminal's by default.
    """

    def __init__(self, show: Show, *, colour: bool, width: int | None) -> None:
        self.show = show
        self.ink = Ink(is_on=colour)
        self._width = width
        self._shown: dict[str, str] = {}

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self._width or shutil.get_terminal_size().columns

    # -- the console's own words

    def note(self, text: str) -> None:
        """Say something about what happened."""
        self.show(self.ink.say(text, DIM))

    def fail(self, text: str) -> None:
        """Say what went wrong."""
        self.show(self.ink.say(f"✗ {text}", Style(colour=RED)))

    # -- messages

    def message(self, seat: Seat, message: Json) -> None:
        """Show a message as the user at *seat* sees it."""
        self._shown[message["id"]] = _looks(message)
        self.show(
            render_message(
                message,
                colour=self.ink.is_on,
                width=self.width,
                names=of_places(seat.person.places),
                viewer=seat.username,
            )
        )

    def form(self, form: Json) -> None:
        """Show that a bot wants a form filled in."""
        self.show(self.ink.say(f"▢ {form.get('title')}", Style(bold=True)))
        for one in forms.fields(form):
            must = "" if one.get("required", True) else " (optional)"
            label = one.get("label") or one.get("custom_id")
            name = known_as(one)
            self.note(f"    {label}{must}" + (f" <{name}>" if name else ""))

    def happened(self, seat: Seat, event: SeenEvent, before: Json, *, is_late: bool = False) -> None:
        """Show an event, as far as the user at *seat* sees it.

        Args:
            seat: who sees it.
            event: what the gateway told.
            before: the message it is about, as it stood before.
            is_late: whether it happened while another user was at the console.
        """
        match event.name:
            case "MESSAGE_CREATE" | "MESSAGE_UPDATE" if is_late:
                self._said(seat, seat.now(event.data))
            case "MESSAGE_CREATE":
                self._said(seat, event.data)
            case "MESSAGE_UPDATE":
                self._changed(seat, event.data, before)
            case "MESSAGE_DELETE":
                self._deleted(seat, str(event.data.get("id")), before)
            case _:
                if not is_late:
                    self._beside(seat, event, before)

    def _said(self, seat: Seat, message: Json) -> None:
        if not message or _is_loading(message) or self._shown.get(message["id"]) == _looks(message):
            return
        if message.get("channel_id") == seat.channel_id:
            self.message(seat, message)
            return
        if as_object(message.get("author")).get("id") == seat.user_id:
            return
        channel_id = str(message.get("channel_id"))
        seat.unread[channel_id] = seat.unread.get(channel_id, 0) + 1
        is_mine = any(one.get("id") == seat.user_id for one in as_objects(message.get("mentions")))
        if is_mine or channel_id in seat.person.places.direct:
            place = place_name(seat.person.places, channel_id)
            self.note(
                f"· {names.author_of(message)} in {place}: {summary(message, of_places(seat.person.places))}"
            )

    def _changed(self, seat: Seat, message: Json, before: Json) -> None:
        if message.get("channel_id") != seat.channel_id or _is_loading(message):
            return
        if not before or _is_loading(before):
            self._said(seat, message)
        elif self._shown.get(message["id"]) != _looks(message):
            self.note("✎ changed")
            self.message(seat, {**before, **message})

    def _deleted(self, seat: Seat, message_id: str, before: Json) -> None:
        is_here = before.get("channel_id") == seat.channel_id
        if is_here and self._shown.pop(message_id, None) is not None:
            self.note(
                f"✗ deleted: {names.author_of(before)}: {summary(before, of_places(seat.person.places))}"
            )

    def _beside(self, seat: Seat, event: SeenEvent, before: Json) -> None:
        """Show what is no message."""
        data, places = event.data, seat.person.places
        if data.get("channel_id") not in {None, seat.channel_id}:
            return
        match event.name:
            case "MESSAGE_DELETE_BULK":
                self.note(f"✗ deleted: {len(as_list(data.get('ids')))} messages")
            case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
                who = called(places.users.get(str(data.get("user_id")), {}))
                emoji = as_object(data.get("emoji"))
                sign = f":{emoji.get('name')}:" if emoji.get("id") else emoji.get("name")
                did = "reacted" if event.name.endswith("ADD") else "took back"
                said = summary(before, of_places(places), 40)
                self.note(f"· {who} {did} {sign} — {names.author_of(before)}: {said}")
            case "CHANNEL_CREATE" | "THREAD_CREATE" if data.get("guild_id"):
                self.note(f"· a new channel: #{data.get('name')}")
            case "CHANNEL_DELETE" | "THREAD_DELETE" if data.get("guild_id"):
                self.note(f"· a channel is gone: #{data.get('name') or data.get('id')}")
            case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_REMOVE":
                did = "joined" if event.name.endswith("ADD") else "left"
                self.note(f"· {called(as_object(data.get('user')))} {did} the server")
            case _:
                pass


def _is_loading(message: Json) -> bool:
    return bool(int(message.get("flags") or 0) & MessageFlag.LOADING)


def _looks(message: Json) -> str:
    return repr([message.get(key) for key in VISIBLE])
