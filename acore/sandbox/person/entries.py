"""What a person enters into a form's inputs, from texts."""

from collections.abc import Iterable, Mapping, Sequence

from acore.sandbox.person import forms
from acore.sandbox.person.feed import PersonError
from acore.sandbox.person.surroundings import Surroundings, boolean, file_at
from acore.sandbox.shapes import Json

MAX_TEXT = 4000  # Discord's documentation, "Text Input"
UNLIMITED = 25
SEPARATOR = ","


class WrongEntryError(PersonError):
    """What was entered does not suit the input."""

    def __init__(self, label: str, wanted: str) -> None:
        super().__init__(f"{label}: {wanted}")


class UnknownFieldError(PersonError):
    """A form has no such input."""

    def __init__(self, typed: str, known: Sequence[str]) -> None:
        there_are = ", ".join(known) or "none"
        super().__init__(f"{typed!r} names no field of the form (FIELD=TEXT); there are: {there_are}")


def named(fields: Sequence[Json], words: Sequence[str]) -> dict[str, str]:
    """Return texts by the custom ids of inputs, from FIELD=TEXT.

    Args:
        fields: the form's inputs.
        words: each names an input by custom id or label; if none is written like this, in small or capital
            letters.

    Raises:
        UnknownFieldError: there is no such input.
    """
    keys = {
        str(one[key]): str(one["custom_id"])
        for key in ("label", "custom_id")
        for one in fields
        if one.get(key)
    }
    found: dict[str, str] = {}
    for word in words:
        key = key_of(word, keys)
        if key is None:
            raise UnknownFieldError(word, [str(one.get("label") or one["custom_id"]) for one in fields])
        found[keys[key]] = word[len(key) + 1 :]
    return found


def key_of(word: str, keys: Iterable[str]) -> str | None:
    """Return which of the keys KEY=TEXT begins with, the longest one; None if it is none of them."""
    lowered = word.lower()
    alike = [one for one in keys if lowered.startswith(f"{one.lower()}=")]
    return max(alike, key=lambda one: (word.startswith(one), len(one)), default=None)


async def read_all(
    fields: Sequence[Json], typed: Mapping[str, str], around: Surroundings
) -> dict[str, object]:
    """Return the entries for the inputs into which something was typed.

    Raises:
        PersonError: an entry does not suit its input.
    """
    return {
        one["custom_id"]: await read(one, typed[one["custom_id"]], around)
        for one in fields
        if one["custom_id"] in typed
    }


async def read(field: Json, text: str, around: Surroundings) -> object:
    """Return the entry that a text makes: the text itself, true or false, values, or files.

    Args:
        field: an input of a form.
        text: what was typed; several values are separated by commas.
        around: what names stand for.

    Raises:
        PersonError: it does not suit the input.
    """
    kind, label = field.get("type"), str(field.get("label") or field.get("custom_id"))
    if kind == forms.TEXT_INPUT:
        return text
    if kind == forms.CHECKBOX:
        return boolean(label, text or "no")
    parts = [part.strip() for part in text.split(SEPARATOR) if part.strip()]
    if kind == forms.FILE_UPLOAD:
        return [await file_at(part) for part in parts]
    values = around.picked(field, parts)
    return (values[0] if values else None) if kind == forms.RADIO_GROUP else values


def check(field: Json, text: str) -> None:
    """Hold a text against what an input takes, as Discord's client does before it submits.

    Raises:
        WrongEntryError: it would be refused.
    """
    label = str(field.get("label") or field.get("custom_id"))
    is_required = field.get("required", True)
    if not text.strip():
        if is_required and field.get("type") != forms.CHECKBOX:
            raise WrongEntryError(label, "this is required")
        return
    low, high = limits(field)
    count = len(text) if field.get("type") == forms.TEXT_INPUT else len(text.split(SEPARATOR))
    if not low <= count <= high:
        unit = "characters" if field.get("type") == forms.TEXT_INPUT else "values"
        raise WrongEntryError(label, f"{low} to {high} {unit} are wanted, these are {count}")


def limits(field: Json) -> tuple[int, int]:
    """Return how many characters or values an input takes at least and at most."""
    if field.get("type") == forms.TEXT_INPUT:
        return int(field.get("min_length") or 0), int(field.get("max_length") or MAX_TEXT)
    if field.get("type") in {forms.CHECKBOX, forms.RADIO_GROUP}:
        return 0, 1
    most = field.get("max_values")
    several = UNLIMITED if field.get("type") == forms.CHECKBOX_GROUP else 1
    return int(field.get("min_values") or 0), int(several if most is None else most)
