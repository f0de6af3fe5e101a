"""Buttons, selects, inputs and layouts: their kinds, how they are sent back, and how one is found again."""

from collections.abc import Iterator
from enum import IntEnum
from types import MappingProxyType

from acore.sandbox.shapes import Json, as_int, as_list, as_object, as_objects, as_snowflake


class ComponentType(IntEnum):
    """The kinds of component (Discord's documentation, "Component Types")."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


class ButtonStyle(IntEnum):
    """How a button looks and what it does (Discord's documentation, "Button Styles")."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4
    LINK = 5
    PREMIUM = 6


AUTO_SELECTS = (
    ComponentType.USER_SELECT,
    ComponentType.ROLE_SELECT,
    ComponentType.MENTIONABLE_SELECT,
    ComponentType.CHANNEL_SELECT,
)
"""The selects whose options are what there is in the guild."""
SELECTS = (ComponentType.STRING_SELECT, *AUTO_SELECTS)
_OF_SELECTS = (
    "custom_id",
    "placeholder",
    "min_values",
    "max_values",
    "disabled",
    "required",
    "options",
    "default_values",
    "channel_types",
)
_OF_GROUPS = ("custom_id", "options", "required", "min_values", "max_values")
KEPT = MappingProxyType(
    {
        ComponentType.BUTTON: ("style", "label", "emoji", "custom_id", "url", "sku_id", "disabled"),
        **dict.fromkeys(SELECTS, _OF_SELECTS),
        ComponentType.TEXT_INPUT: (
            "custom_id",
            "style",
            "label",
            "value",
            "placeholder",
            "required",
            "min_length",
            "max_length",
        ),
        ComponentType.TEXT_DISPLAY: ("content",),
        ComponentType.THUMBNAIL: ("media", "description", "spoiler"),
        ComponentType.FILE: ("file", "spoiler"),
        ComponentType.SEPARATOR: ("spacing", "divider"),
        ComponentType.CONTAINER: ("accent_color", "spoiler"),
        ComponentType.LABEL: ("label", "description"),
        ComponentType.FILE_UPLOAD: ("custom_id", "min_values", "max_values", "required"),
        ComponentType.RADIO_GROUP: _OF_GROUPS,
        ComponentType.CHECKBOX_GROUP: _OF_GROUPS,
        ComponentType.CHECKBOX: ("custom_id", "default"),
    }
)
"""The fields that are sent back, besides type, id and what is nested."""
_ONE_OF_SEVERAL: Json = {"min_values": 1, "max_values": 1}
DEFAULTS: MappingProxyType[int, Json] = MappingProxyType(
    {
        **dict.fromkeys(SELECTS, _ONE_OF_SEVERAL),
        ComponentType.TEXT_INPUT: {"label": None, "min_length": None, "max_length": None},
        ComponentType.THUMBNAIL: {"description": None, "spoiler": False},
        ComponentType.FILE: {"name": None, "size": None, "spoiler": False},
        ComponentType.SEPARATOR: {"spacing": 1, "divider": True},
        ComponentType.CONTAINER: {"accent_color": None, "spoiler": False},
        ComponentType.FILE_UPLOAD: _ONE_OF_SEVERAL,
    }
)
"""What Discord fills in (the keys its API description requires of a component that is sent back)."""
INNER = ("accessory", "component")
"""Where a component holds a single other one."""


def numbered(components: list[Json]) -> list[Json]:
    """Return *components* as Discord sends them back, with an `id` each, at every level."""
    taken = {as_int(one.get("id")) for one in walk(components)}
    free = (number for number in range(1, 1 << 31) if number not in taken)
    return [_numbered(one, free) for one in components]


def _numbered(component: Json, free: Iterator[int]) -> Json:
    kind = as_int(component.get("type"))
    body: Json = {"type": kind, "id": as_int(component.get("id")) or next(free), **DEFAULTS.get(kind, {})}
    for key in KEPT.get(ComponentType(kind), ()):
        if component.get(key) is not None:
            body[key] = _field(key, component[key])
    if kind == ComponentType.MEDIA_GALLERY:
        body["items"] = [
            {
                "media": one.get("media"),
                "description": one.get("description"),
                "spoiler": bool(one.get("spoiler")),
            }
            for one in as_objects(component.get("items"))
        ]
    if "components" in component:
        body["components"] = [_numbered(one, free) for one in as_objects(component["components"])]
    for nest in INNER:
        if component.get(nest) is not None:
            body[nest] = _numbered(as_object(component[nest]), free)
    return body


def _field(key: str, value: object) -> object:
    match key:
        case "emoji":
            return _emoji(as_object(value))
        case "sku_id":
            return as_snowflake(value)
        case "options":
            return [_option(one) for one in as_objects(value)]
        case "default_values":
            return [{"id": as_snowflake(one.get("id")), "type": one["type"]} for one in as_objects(value)]
        case "channel_types":
            return as_list(value)
        case _:
            return value


def _option(option: Json) -> Json:
    body: Json = {"label": option["label"], "value": option["value"]}
    if option.get("description") is not None:
        body["description"] = option["description"]
    if option.get("emoji") is not None:
        body["emoji"] = _emoji(as_object(option["emoji"]))
    if option.get("default") is not None:
        body["default"] = option["default"]
    return body


def _emoji(emoji: Json) -> Json:
    body: Json = {"name": str(emoji.get("name") or "")}
    if emoji.get("id") is not None:
        body |= {"id": as_snowflake(emoji["id"]), "animated": bool(emoji.get("animated"))}
    return body


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component, the nested ones after the one that holds them."""
    for one in components:
        yield one
        inner = as_objects(one.get("components"))
        inner += [as_object(one[nest]) for nest in INNER if isinstance(one.get(nest), dict)]
        yield from walk(inner)


def find(components: list[Json], custom_id: object) -> Json | None:
    """Return the component with this custom id."""
    return next((one for one in walk(components) if custom_id and one.get("custom_id") == custom_id), None)
