"""Embeds: Discord's limits, and the shape in which they come back."""

from datetime import UTC, datetime

from acore.sandbox.api.refusals import FormErrors
from acore.sandbox.shapes import Json, as_list, as_object, as_objects

# Discord's documentation, "Embed Limits".
MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_TOTAL = 6000
TEXT_LIMITS = {"title": 256, "description": 4096}
NESTED_LIMITS = {("footer", "text"): 2048, ("author", "name"): 256}
FIELD_LIMITS = {"name": 256, "value": 1024}
MAX_COLOR = 0xFFFFFF

type Path = tuple[str | int, ...]


def check_text(value: object, limit: int, errors: FormErrors, path: Path, *, required: bool = False) -> int:
    """Note a text that is missing, no text or too long.

    Returns:
        Its length, which counts towards the whole embed's limit.
    """
    if value is None or value == "":
        if required:
            errors.required(path)
        return 0
    if not isinstance(value, str):
        errors.add(path, "Could not interpret value as string.")
        return 0
    if len(value) > limit:
        errors.add(path, f"Must be {limit} or fewer in length.")
    return len(value)


def check(embeds: list[Json], errors: FormErrors) -> None:
    """Note what Discord would refuse in a message's embeds."""
    if len(embeds) > MAX_EMBEDS:
        errors.add(("embeds",), f"Must be {MAX_EMBEDS} or fewer in length.")
    total = sum(_check_one(embed, errors, ("embeds", index)) for index, embed in enumerate(embeds))
    if total > MAX_TOTAL:
        message = f"Embed size exceeds maximum size of {MAX_TOTAL}"
        errors.add(("embeds",), message)


def _check_one(embed: Json, errors: FormErrors, path: Path) -> int:
    total = sum(check_text(embed.get(key), limit, errors, (*path, key)) for key, limit in TEXT_LIMITS.items())
    for (outer, inner), limit in NESTED_LIMITS.items():
        if embed.get(outer) is not None:
            value = as_object(embed[outer]).get(inner)
            total += check_text(value, limit, errors, (*path, outer, inner), required=True)
    fields = as_list(embed.get("fields"))
    if len(fields) > MAX_FIELDS:
        errors.add((*path, "fields"), f"Must be {MAX_FIELDS} or fewer in length.")
    for index, field in enumerate(fields):
        for key, limit in FIELD_LIMITS.items():
            value = as_object(field).get(key)
            total += check_text(value, limit, errors, (*path, "fields", index, key), required=True)
    _check_color(embed.get("color"), errors, (*path, "color"))
    _check_timestamp(embed.get("timestamp"), errors, (*path, "timestamp"))
    _check_url(embed.get("url"), errors, (*path, "url"))
    for key in ("image", "thumbnail"):
        _check_url(as_object(embed.get(key)).get("url"), errors, (*path, key, "url"), also=("attachment",))
    return total


def _check_color(value: object, errors: FormErrors, path: Path) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        errors.add(path, f'Value "{value}" is not int.')
    elif not 0 <= value <= MAX_COLOR:
        errors.add(path, f"int value should be less than or equal to {MAX_COLOR}.")


def _check_timestamp(value: object, errors: FormErrors, path: Path) -> None:
    if value is None:
        return
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        errors.add(path, f"Could not parse {value}. Should be ISO8601.")


def _check_url(value: object, errors: FormErrors, path: Path, also: tuple[str, ...] = ()) -> None:
    if value is None:
        return
    schemes = ("http", "https", *also)
    if not isinstance(value, str) or value.partition("://")[0] not in schemes:
        message = f'Scheme "{str(value).partition(":")[0]}" is not one of {schemes}.'
        errors.add(path, message)


def as_sent_back(embed: Json) -> Json:
    """Return an embed as Discord sends it back: of type rich, without what was null."""
    body: Json = {key: value for key, value in embed.items() if value is not None and key != "fields"}
    body["type"] = "rich"
    if "timestamp" in body:
        moment = datetime.fromisoformat(str(body["timestamp"]))
        body["timestamp"] = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    fields = [
        {"name": field["name"], "value": field["value"], "inline": bool(field.get("inline"))}
        for field in as_objects(embed.get("fields"))
    ]
    if fields:
        body["fields"] = fields
    for key in ("image", "thumbnail", "footer", "author"):
        if key in body:
            body[key] = {name: value for name, value in as_object(body[key]).items() if value is not None}
    return body


def is_empty(embed: Json) -> bool:
    """Return whether nothing of an embed would be seen."""
    seen = ("title", "description", "fields", "image", "thumbnail", "footer", "author")
    return not any(embed.get(key) for key in seen)
