"""A form that a bot shows, filled in field by field."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acore.sandbox.console.orders.with_bots import submit
from acore.sandbox.person import entries, forms
from acore.sandbox.person.feed import PersonError
from acore.sandbox.person.surroundings import Surroundings
from acore.sandbox.shapes import Json, as_objects

if TYPE_CHECKING:
    from acore.sandbox.console.console import Console
    from acore.sandbox.console.outcome import Outcome

PARAGRAPH = 2  # Discord's documentation, "Text Input Styles"
KINDS = {
    forms.FILE_UPLOAD: "path of a file",
    forms.CHECKBOX: "yes or no",
    5: "user",
    6: "role",
    7: "user or role",
    8: "channel",
}


class Cancelled(Exception):  # noqa: N818 - it is no error: the person has changed their mind
    """The person leaves the form."""


@dataclass(frozen=True, slots=True)
class Question:
    """One field, as it is asked for."""

    field: Json
    label: str
    hint: str
    default: str
    choices: tuple[str, ...]


type Ask = Callable[[Question, str], Awaitable[str]]
"""Asks a question, beginning with a text, and returns what was typed."""


class Form:
    """A form that is being filled in.

    Args:
        shown: as the bot shows it.
        around: what names stand for.
    """

    def __init__(self, shown: Json, around: Surroundings) -> None:
        self._shown = shown
        self._around = around
        self._entries: dict[str, object] = {}

    async def fill(self, ask: Ask) -> None:
        """Ask for each field until what is typed suits it.

        Raises:
            Cancelled: the person leaves the form.
        """
        for field in forms.fields(self._shown):
            asked = question(field)
            text, complaint = asked.default, ""
            while True:
                told = Question(field, f"{complaint}{asked.label}", asked.hint, text, asked.choices)
                text = await ask(told, text)
                try:
                    entries.check(field, text)
                    self._entries[field["custom_id"]] = await entries.read(field, text, self._around)
                except PersonError as error:
                    complaint = f"✗ {error} — "
                else:
                    break

    async def submit(self, console: "Console") -> "Outcome":
        """Submit what was typed.

        Raises:
            RefusedError: the sandbox does not take it.
        """
        return await submit(console, self._shown, self._entries)


def question(field: Json) -> Question:
    """Return how a field is asked for."""
    choices = tuple(str(one.get("label")) for one in as_objects(field.get("options")))
    if field.get("type") == forms.CHECKBOX:
        choices = ("yes", "no")
    return Question(
        field, str(field.get("label") or field["custom_id"]), _hint(field, choices), _default(field), choices
    )


def _hint(field: Json, choices: tuple[str, ...]) -> str:
    low, high = entries.limits(field)
    is_text = field.get("type") == forms.TEXT_INPUT
    parts = ["required" if field.get("required", True) else "optional"]
    if is_text and (low or high < entries.MAX_TEXT):
        parts.append(f"{low}–{high} characters" if low else f"up to {high} characters")  # noqa: RUF001 - a range
    if is_text and field.get("style") == PARAGRAPH:
        parts.append("Alt-Enter for a new line")
    if field.get("type") in KINDS:
        parts.append(KINDS[field["type"]])
    elif choices:
        parts.append(f"{'one' if high == 1 else f'up to {high}'} of {', '.join(choices)}")
    about = str(field.get("description") or field.get("placeholder") or "")
    return f" ({'; '.join(parts)})" + (f" {about}" if about else "")


def _default(field: Json) -> str:
    held = forms.default(field)
    if isinstance(held, bool):
        return "yes" if held else "no"
    if isinstance(held, str):
        return _labels(field, [held])
    return _labels(field, [str(one) for one in held]) if isinstance(held, list) else ""  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - values


def _labels(field: Json, values: list[str]) -> str:
    """Return values as a person reads them."""
    by_value = {str(one.get("value")): str(one.get("label")) for one in as_objects(field.get("options"))}
    return ", ".join(by_value.get(one, one) for one in values)
