"""Buttons, selects and inputs: the ids Discord gives them, and how one is found again."""

from collections.abc import Iterator
from enum import IntEnum

from acore.sandbox.api.refusals import FormErrors
from acore.sandbox.shapes import Json, as_list, as_object, as_objects


class ComponentType(IntEnum):
    """The kinds the sandbox must tell apart."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8


SELECTS = (
    ComponentType.STRING_SELECT,
    ComponentType.USER_SELECT,
    ComponentType.ROLE_SELECT,
    ComponentType.MENTIONABLE_SELECT,
    ComponentType.CHANNEL_SELECT,
)
LINK_STYLE = 5
MAX_TEXT_INPUT = 4000  # Discord's documentation, "Text Input"
NESTS = ("components", "accessory", "component")


def numbered(components: list[Json]) -> list[Json]:
    """Return *components* with an `id` each and Discord's defaults filled in, at every level."""
    counter = iter(range(1, 1 << 31))
    return [_numbered(one, counter) for one in components]


def _numbered(component: Json, counter: Iterator[int]) -> Json:
    kind = component.get("type")
    body: Json = {key: value for key, value in component.items() if value is not None and key not in NESTS}
    body.setdefault("id", next(counter))
    if kind in SELECTS:
        body.setdefault("min_values", 1)
        body.setdefault("max_values", 1)
    if kind == ComponentType.TEXT_INPUT:
        body.setdefault("label", None)
        body.setdefault("min_length", None)
        body.setdefault("max_length", None)
    if "components" in component:
        body["components"] = [_numbered(one, counter) for one in as_objects(component["components"])]
    for nest in ("accessory", "component"):
        if nest in component:
            body[nest] = _numbered(as_object(component[nest]), counter)
    return body


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component, the nested ones after the one that holds them."""
    for one in components:
        yield one
        inner = as_objects(one.get("components"))
        inner += [as_object(one[nest]) for nest in ("accessory", "component") if nest in one]
        yield from walk(inner)


def find(components: list[Json], custom_id: object) -> Json | None:
    """Return the component with this custom id."""
    return next((one for one in walk(components) if one.get("custom_id") == custom_id), None)


def check(components: list[Json], errors: FormErrors, path: tuple[str | int, ...]) -> None:
    """Note what Discord would refuse in a message's or a modal's components."""
    custom_ids: set[object] = set()
    for index, row in enumerate(components):
        if row.get("type") == ComponentType.ACTION_ROW:
            count = len(as_list(row.get("components")))
            if not 1 <= count <= 5:  # noqa: PLR2004 - Discord's documentation, "Action Row": up to five buttons
                message = "Must be between 1 and 5 in length."
                errors.add((*path, index, "components"), message)
    for one in walk(components):
        if (one.get("type") == ComponentType.BUTTON and one.get("style") != LINK_STYLE) or one.get(
            "type"
        ) in SELECTS:
            _check_custom_id(one, custom_ids, errors, path)


def _check_custom_id(one: Json, seen: set[object], errors: FormErrors, path: tuple[str | int, ...]) -> None:
    custom_id = one.get("custom_id")
    if not isinstance(custom_id, str) or not 1 <= len(custom_id) <= 100:  # noqa: PLR2004 - Discord's documentation
        errors.add((*path, "custom_id"), "Must be between 1 and 100 in length.")
    elif custom_id in seen:
        errors.add((*path, "custom_id"), "Component custom id duplicated")
    seen.add(custom_id)


def filled_in(modal: list[Json], sent: list[Json]) -> list[Json]:
    """Return a modal as its bot gets it back: its own layout, with what the person entered.

    Raises:
        ApiError: code 50035, a required input is empty or a text outside its length.
    """
    errors = FormErrors()
    entered = {one["custom_id"]: one for one in walk(sent) if "custom_id" in one}
    filled = [_filled(one, entered, errors) for one in modal]
    errors.raise_any()
    return filled


def _filled(component: Json, entered: dict[str, Json], errors: FormErrors) -> Json:
    body: Json = {"type": component["type"], "id": component["id"]}
    if "custom_id" in component:
        body["custom_id"] = component["custom_id"]
        body |= _entry(component, entered.get(component["custom_id"], {}), errors)
    if "components" in component:
        body["components"] = [_filled(one, entered, errors) for one in as_objects(component["components"])]
    if "component" in component:
        body["component"] = _filled(as_object(component["component"]), entered, errors)
    return body


def _entry(component: Json, entry: Json, errors: FormErrors) -> Json:
    if component["type"] != ComponentType.TEXT_INPUT:
        return {"values": [str(one) for one in as_list(entry.get("values"))]}
    text = str(entry.get("value") or "")
    low, high = component.get("min_length") or 0, component.get("max_length") or MAX_TEXT_INPUT
    is_required = component.get("required", True)
    if (is_required and not text) or (text and not low <= len(text) <= high):
        path = ("data", "components", component["custom_id"], "value")
        errors.add(path, f"Must be between {max(low, 1)} and {high} in length.")
    return {"value": text}
