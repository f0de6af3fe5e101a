"""Pinned messages, at the addresses of today and at those of before."""

from collections.abc import Callable
from datetime import UTC, datetime

from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Handler, Routes
from acore.sandbox.forms.paging import number
from acore.sandbox.messages import pins
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.realtime import iso
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.resources.messages import (
    MESSAGES,
    SEEING,
    found_channel,
    found_message,
    require_open,
)
from acore.sandbox.state.records import Message

MAX_PAGE = 50  # Discord's documentation, "Get Channel Pins"
NOW = f"{MESSAGES}/pins"
BEFORE = "/channels/{channel_id}/pins"
PINNING = (*SEEING, Refusal.UNKNOWN_MESSAGE, Refusal.MISSING_PERMISSIONS, Refusal.THREAD_IS_ARCHIVED)

routes = Routes()


def _both(method: str, *refuses: Refusal) -> Callable[[Handler], Handler]:
    """Return a decorator for what is asked at both addresses."""

    def add(handler: Handler) -> Handler:
        for pinned in (NOW, BEFORE):
            routes.on(method, f"{pinned}/{{message_id}}", Audience.EITHER, refuses=refuses)(handler)
        return handler

    return add


def _readable(call: Call) -> list[Message]:
    """Return what is pinned; nothing to who may not read what was said before."""
    channel = found_channel(call)
    may_read = call.bits(channel) & Permission.READ_MESSAGE_HISTORY
    return pins.listed(channel) if may_read else []


def _for_pinning(call: Call) -> Message:
    channel = found_channel(call)
    message = found_message(call, channel)
    if not call.bits(channel) & (Permission.PIN_MESSAGES | Permission.MANAGE_MESSAGES):
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    require_open(channel)
    return message


@routes.on("GET", NOW, Audience.EITHER, refuses=(*SEEING, Refusal.INVALID_FORM))
def get_pins(call: Call) -> Answer:
    """Return a page of pinned messages, the newest pin first, with the moments they were pinned."""
    errors = FormErrors()
    limit = number(call.query, "limit", default=MAX_PAGE, low=1, high=MAX_PAGE, errors=errors)
    before = _moment(call.query.get("before"), errors)
    errors.raise_any()
    older = [
        (one.pinned_at, one)
        for one in _readable(call)
        if one.pinned_at is not None and (before is None or one.pinned_at < before)
    ]
    items = [
        {"pinned_at": iso(pinned_at), "message": call.house.messages.payload(one, seen_by=call.caller)}
        for pinned_at, one in older[:limit]
    ]
    return Answer({"items": items, "has_more": len(older) > limit})


def _moment(text: str | None, errors: FormErrors) -> datetime | None:
    if text is None:
        return None
    try:
        # A plus sign that was not encoded has become a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        errors.add(("before",), f"Could not parse {text}. Should be ISO8601.")
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@routes.on("GET", BEFORE, Audience.EITHER, refuses=SEEING)
def get_pins_as_before(call: Call) -> Answer:
    """Return the newest fifty pinned messages."""
    listed = _readable(call)[:MAX_PAGE]
    return Answer([call.house.messages.payload(one, seen_by=call.caller) for one in listed])


@_both("PUT", *PINNING, Refusal.TOO_MANY_PINS, Refusal.SYSTEM_MESSAGE)
def pin(call: Call) -> Answer:
    """Pin a message."""
    pins.pin(call.world, call.house.messages, _for_pinning(call), call.caller, call.reason)
    return NOTHING


@_both("DELETE", *PINNING)
def unpin(call: Call) -> Answer:
    """Pin a message no longer."""
    pins.unpin(call.world, call.house.messages, _for_pinning(call), call.caller, call.reason)
    return NOTHING
