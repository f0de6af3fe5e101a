"""What a person does with a bot, beside commands."""

from typing import TYPE_CHECKING

from acore.sandbox.console import grammar
from acore.sandbox.console.grammar import NotUnderstoodError
from acore.sandbox.console.names import called
from acore.sandbox.console.orders.table import done, order, referred
from acore.sandbox.console.outcome import Outcome
from acore.sandbox.console.seats import for_all
from acore.sandbox.person import entries, forms
from acore.sandbox.shapes import Json

if TYPE_CHECKING:
    from acore.sandbox.console.console import Console


@order("commands")
async def commands(console: "Console", _rest: str) -> Outcome:
    """List the commands you may use here."""
    lines: list[str] = []
    listed = await console.person.commands(channel_id=console.seat.channel_id)
    for one in sorted(listed, key=lambda command: (command["type"], str(command["name"]))):
        if one["type"] == 1:
            lines += [f"/{path}  {of.get('description', '')}" for path, of in forms.paths(one)]
        else:
            on = "a user" if one["type"] == 2 else "a message"  # noqa: PLR2004 - Discord's number
            lines.append(f"!on … {one['name']}  on {on}")
    return done("\n".join(lines) or "there are no commands")


@order("press [MESSAGE] N|LABEL|ID", "components")
async def press(console: "Console", rest: str) -> Outcome:
    """Press a button, of the newest message that has it."""
    reference, typed = referred(rest)
    name = " ".join(grammar.split(typed))
    message = _with_component(console, reference, name)
    return await console.follow(await console.person.press(message, name), f"button {name}")


@order("select [MESSAGE] ID VALUES", "components")
async def select(console: "Console", rest: str) -> Outcome:
    """Pick values of a select, by label; N will do for ID."""
    reference, more = referred(rest)
    name, *values = grammar.split(more) or [""]
    message = _with_component(console, reference, name)
    started = await console.person.press(message, name, values=values)
    return await console.follow(started, f"select {name}")


def _with_component(console: "Console", reference: str | None, name: str) -> Json:
    """Return the newest message that has something of this name to press.

    Raises:
        NoSuchMessageError: there is none.
    """

    def has_it(message: Json) -> bool:
        try:
            forms.component_named(message, name)
        except forms.UnknownComponentError:
            return False
        return True

    return console.seat.find(reference, f"message with a component {name!r}", has_it)


@order("modal [FIELD=TEXT …]")
async def modal(console: "Console", rest: str) -> Outcome:
    """Fill in the form a bot shows, or open it again."""
    form = console.seat.form
    if form is None:
        raise NotUnderstoodError("no form is open")
    if not rest and console.is_live:
        console.on_form()
        return done()
    known = forms.fields(form)
    typed = entries.named(known, grammar.split(rest))
    filled = await entries.read_all(known, typed, console.person.around(console.seat.channel_id))
    return await submit(console, form, filled)


async def submit(console: "Console", form: Json, filled: dict[str, object]) -> Outcome:
    """Submit a form.

    Raises:
        RefusedError: something in it is outside its limits; the form stays open.
    """
    started = await console.person.submit(form, filled)
    console.seat.form = None
    return await console.follow(started, f"form {form.get('title')!r}")


@order("on MESSAGE|USER COMMAND", "members")
async def on(console: "Console", rest: str) -> Outcome:
    """Use a command of the menu of a message or user."""
    reference, more = referred(rest)
    person, seat = console.person, console.seat
    if reference is not None:
        message = seat.find(reference, "message", for_all)
        return await console.follow(await person.invoke_on_message(more, message), more)
    name, *command = grammar.split(rest) or [""]
    user_id = person.around(seat.channel_id).entity(6, name)
    started = await person.invoke_on_user(" ".join(command), user_id, channel_id=seat.channel_id)
    return await console.follow(started, " ".join(command))


@order("bots")
async def bots(console: "Console", _rest: str) -> Outcome:
    """List the bots here, and whether they are online."""
    places = console.person.places
    lines = [f"{called(one)}  {places.statuses.get(one['id'], 'offline')}" for one in places.bots()]
    return done("\n".join(lines) or "there are no bots")
