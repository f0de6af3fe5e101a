"""What a person does with messages."""

from pathlib import Path
from typing import TYPE_CHECKING

from acore.sandbox.console import grammar, pictures
from acore.sandbox.console.grammar import NotUnderstoodError
from acore.sandbox.console.orders.table import done, order, referred
from acore.sandbox.console.outcome import Outcome, Result
from acore.sandbox.console.seats import for_all
from acore.sandbox.person.surroundings import file_at
from acore.sandbox.shapes import Json, as_object

if TYPE_CHECKING:
    from acore.sandbox.console.console import Console

SHOWN_MESSAGES = 20


@order("messages [N]")
async def messages(console: "Console", rest: str) -> Outcome:
    """Show what was said here, as you see it."""
    seat = console.seat
    await seat.read_back(seat.channel_id)
    shown = seat.here[-(int(rest) if rest.isdecimal() and int(rest) else SHOWN_MESSAGES) :]
    for message in shown:
        console.screen.message(seat, message)
    return Outcome(Result.DONE, messages=shown)


@order("reply [MESSAGE] TEXT", "messages")
async def reply(console: "Console", rest: str) -> Outcome:
    """Reply to somebody, by default the newest message."""
    reference, text = referred(rest)
    seat = console.seat

    def suits(message: Json) -> bool:
        return for_all(message) and (reference is not None or not _is_by(message, seat.user_id))

    message = seat.find(reference, "message of somebody else", suits)
    return await console.say(text, message)


@order("edit [MESSAGE] TEXT", "messages")
async def edit(console: "Console", rest: str) -> Outcome:
    """Change what you said, by default last."""
    reference, text = referred(rest)
    seat = console.seat
    message = seat.find(reference, "message of yours", lambda one: _is_by(one, seat.user_id))
    changed = await console.person.edit(message, console.person.around(seat.channel_id).with_mentions(text))
    await console.person.catch_up()
    return Outcome(Result.DONE, messages=[changed])


@order("delete [MESSAGE]", "messages")
async def delete(console: "Console", rest: str) -> Outcome:
    """Delete a message, by default your last."""
    seat = console.seat

    def suits(message: Json) -> bool:
        return for_all(message) and (bool(rest) or _is_by(message, seat.user_id))

    await console.person.delete(seat.find(rest or None, "message of yours", suits))
    await console.person.catch_up()
    return done()


@order("react [MESSAGE] EMOJI", "messages")
async def react(console: "Console", rest: str) -> Outcome:
    """React to a message, by default the newest."""
    reference, emoji = referred(rest)
    await console.person.react(
        console.seat.find(reference, "message", for_all), emoji.strip("<>").removeprefix(":")
    )
    await console.person.catch_up()
    return done()


@order("unreact [MESSAGE] EMOJI", "messages")
async def unreact(console: "Console", rest: str) -> Outcome:
    """Take your reaction back."""
    reference, emoji = referred(rest)
    message = console.seat.find(reference, "message", for_all)
    await console.person.unreact(message, emoji.strip("<>").removeprefix(":"))
    await console.person.catch_up()
    return done()


@order("file PATH [TEXT]", "files")
async def file(console: "Console", rest: str) -> Outcome:
    """Send a file, with what you say to it."""
    if not rest:
        raise NotUnderstoodError("say which file to send: !file PATH")
    path, *text = grammar.split(rest)
    seat = console.seat
    sent = await file_at(path)
    said = await console.person.say(" ".join(text), channel_id=seat.channel_id, files=[sent])
    await console.person.catch_up()
    return Outcome(Result.DONE, messages=[said])


@order("save [MESSAGE] [FOLDER]", "messages")
async def save(console: "Console", rest: str) -> Outcome:
    """Save files and pictures, by default the newest."""
    reference, folder = referred(rest)
    message = console.seat.find(reference, "message with files", lambda one: bool(pictures.of_message(one)))
    saved = await pictures.save(console.person, message, Path(folder or "."))
    show = pictures.shower() if console.is_live else None
    for _, data in saved:
        drawn = show(data) if show is not None else None
        if drawn is not None:
            console.screen.show(drawn)
    return done("\n".join(f"saved {path}" for path, _ in saved))


def _is_by(message: Json, user_id: str) -> bool:
    return as_object(message.get("author")).get("id") == user_id
