"""What Discord demands of the components people fill in, in messages and in modals alike.

After Discord's documentation, "Component Reference", and its API description.
"""

from acore.sandbox.forms.fields import Fields
from acore.sandbox.messages import emojis
from acore.sandbox.messages.components import ComponentType
from acore.sandbox.state.kinds import ChannelType

MAX_CUSTOM_ID = 100
MAX_PLACEHOLDER = 150
MAX_OPTIONS = 25
MAX_OPTION_TEXT = 100
MAX_EMOJI_NAME = 32
MAX_DISPLAY = 4000
MAX_ID = (1 << 31) - 1
DEFAULT_TYPES = {
    ComponentType.USER_SELECT: ("user",),
    ComponentType.ROLE_SELECT: ("role",),
    ComponentType.MENTIONABLE_SELECT: ("user", "role"),
    ComponentType.CHANNEL_SELECT: ("channel",),
}


class Unique:
    """The ids and custom ids of one message or modal, of which none may come twice."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._custom_ids: set[str] = set()

    def check(self, one: Fields) -> None:
        """Note what another component has already; an `id` of 0 is Discord's to fill in."""
        number = one.number("id", 0, MAX_ID)
        if number and number in self._ids:
            message = "Component id cannot be duplicated"
            one.wrong("id", message)
        self._ids.add(number or 0)
        custom = one.given("custom_id")
        if isinstance(custom, str):
            if custom in self._custom_ids:
                message = "Component custom id cannot be duplicated"
                one.wrong("custom_id", message)
            self._custom_ids.add(custom)


def custom_id(one: Fields) -> None:
    """Note a missing or wrong custom id."""
    one.require("custom_id")
    one.text("custom_id", 1, MAX_CUSTOM_ID)


def emoji(one: Fields) -> None:
    """Note what is wrong with a component's emoji: one of Unicode's has a name, a guild's an id too."""
    shown = one.inner("emoji")
    if shown is not None:
        name = shown.text("name", 0, MAX_EMOJI_NAME)
        shown.snowflake("id")
        if shown.given("id") is None and emojis.UNICODE.fullmatch(name or "") is None:
            shown.wrong("name", "Invalid emoji")


def text_display(one: Fields) -> int:
    """Note what is wrong with a text that is only read; return its length."""
    one.require("content")
    return len(one.text("content", 1, MAX_DISPLAY) or "")


def values(one: Fields, most: int) -> tuple[int, int]:
    """Note what is wrong with how many values may be picked; return the least and the most.

    Args:
        one: the component.
        most: how many there can be at all.
    """
    given_low, given_high = one.number("min_values", 0, most), one.number("max_values", 1, most)
    low, high = 1 if given_low is None else given_low, 1 if given_high is None else given_high
    if given_low is not None and given_high is not None and low > high:
        message = f"min_values must be less than or equal to max_values ({high})"
        one.wrong("min_values", message)
    return low, high


def options(one: Fields, least: int, most: int) -> int:
    """Note what is wrong with the options of a select or a group; return how many are picked at first."""
    one.require("options")
    seen: list[object] = []
    picked = 0
    for option in one.objects("options", least, most):
        option.require("label", "value")
        option.text("label", 1, MAX_OPTION_TEXT)
        option.text("value", 1, MAX_OPTION_TEXT)
        option.text("description", 0, MAX_OPTION_TEXT)
        emoji(option)
        picked += option.flag("default") is True
        if option.given("value") in seen:
            message = "The specified option value is already used"
            option.wrong("value", message)
        seen.append(option.given("value"))
    return picked


def select(one: Fields) -> None:
    """Note what is wrong with a select of any kind."""
    custom_id(one)
    one.text("placeholder", 0, MAX_PLACEHOLDER)
    one.flag("disabled")
    one.flag("required")
    _, high = values(one, MAX_OPTIONS)
    kind = one.given("type")
    if kind == ComponentType.STRING_SELECT:
        if options(one, max(1, high), MAX_OPTIONS) > high:
            message = f"Must not have more than {high} default options"
            one.wrong("options", message)
        return
    if kind == ComponentType.CHANNEL_SELECT:
        one.several_of("channel_types", tuple(ChannelType))
    _default_values(one, ComponentType(kind), high)


def _default_values(one: Fields, kind: ComponentType, high: int) -> None:
    listed = one.objects("default_values", 0, MAX_OPTIONS)
    for default in listed:
        default.require("id", "type")
        default.snowflake("id")
        default.one_of("type", DEFAULT_TYPES[kind])
    if len(listed) > high:
        message = f"Must not have more than {high} default values"
        one.wrong("default_values", message)
