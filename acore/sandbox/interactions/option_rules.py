"""What Discord demands of a command's options and their choices.

After Discord's documentation, "Application Command Option Structure", and its API description.
"""

from acore.sandbox.forms.fields import MAX_SAFE_INTEGER, Fields
from acore.sandbox.interactions.kinds import NESTING, VALUES, OptionType
from acore.sandbox.interactions.names import check_description, check_localizations, check_name
from acore.sandbox.shapes import as_list
from acore.sandbox.state.kinds import ChannelType

MAX_OPTIONS = 25
MAX_CHOICES = 25
MAX_CHOICE_TEXT = 100
MAX_LENGTH = 6000
NUMBERS = (OptionType.INTEGER, OptionType.NUMBER)
WITH_CHOICES = (OptionType.STRING, *NUMBERS)
ONLY_FOR = {
    "choices": WITH_CHOICES,
    "autocomplete": WITH_CHOICES,
    "min_value": NUMBERS,
    "max_value": NUMBERS,
    "min_length": (OptionType.STRING,),
    "max_length": (OptionType.STRING,),
    "channel_types": (OptionType.CHANNEL,),
}
"""The fields that only options of some types may have."""
MIXED = "Sub-command and sub-command group option types are mutually exclusive to all other types"


def check(options: list[Fields], allowed: tuple[OptionType, ...] = tuple(OptionType)) -> None:
    """Note what is wrong with the options of a command, a group or a sub-command.

    Args:
        options: those side by side.
        allowed: the types they may have: in a group only sub-commands, in a sub-command none that nests.
    """
    names: list[object] = []
    was_optional = False
    if any(one.given("type") in NESTING for one in options):
        for one in options:
            if one.given("type") not in NESTING:
                one.wrong("type", MIXED)
    for option in options:
        _check_one(option, allowed)
        if option.given("name") in names:
            message = "Option names must be unique"
            option.wrong("name", message)
        names.append(option.given("name"))
        if option.given("type") in NESTING:
            continue
        is_required = option.given("required") is True
        if is_required and was_optional:
            message = "Required options must be placed before non-required options"
            option.errors.add(option.path, message)
        was_optional = was_optional or not is_required


def _check_one(option: Fields, allowed: tuple[OptionType, ...]) -> None:
    option.require("type")
    kind = option.one_of("type", allowed)
    check_name(option, is_slash=True)
    check_description(option)
    option.flag("required")
    if not isinstance(kind, int):
        return
    for key, kinds in ONLY_FOR.items():
        if kind not in kinds and option.given(key) not in (None, False, []):
            option.wrong(key, f"Options of type {int(kind)} cannot have {key}")
    match kind:
        case OptionType.SUB_COMMAND:
            check(option.objects("options", 0, MAX_OPTIONS), VALUES)
        case OptionType.SUB_COMMAND_GROUP:
            check(option.objects("options", 0, MAX_OPTIONS), (OptionType.SUB_COMMAND,))
        case OptionType.STRING:
            _check_lengths(option)
            _check_choices(option, kind)
        case OptionType.INTEGER | OptionType.NUMBER:
            _check_range(option, kind)
            _check_choices(option, kind)
        case OptionType.CHANNEL:
            option.several_of("channel_types", tuple(ChannelType))
        case _:
            pass
    if kind not in NESTING and as_list(option.given("options")):
        option.wrong("options", f"Options of type {int(kind)} cannot have options")


def _check_lengths(option: Fields) -> None:
    low = option.number("min_length", 0, MAX_LENGTH)
    high = option.number("max_length", 1, MAX_LENGTH)
    if low is not None and high is not None and low > high:
        message = "min_length must be less than or equal to max_length"
        option.wrong("min_length", message)


def _check_range(option: Fields, kind: int) -> None:
    low, high = _bound(option, "min_value", kind), _bound(option, "max_value", kind)
    if low is not None and high is not None and low > high:
        message = "min_value must be less than or equal to max_value"
        option.wrong("min_value", message)


def _bound(option: Fields, key: str, kind: int) -> float | None:
    if kind == OptionType.INTEGER:
        return option.number(key, -MAX_SAFE_INTEGER)
    value = option.given(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        option.wrong(key, f'Value "{value}" is not float.')
        return None
    return value


def _check_choices(option: Fields, kind: int) -> None:
    is_suggested = option.flag("autocomplete")
    choices = option.objects("choices", 0, MAX_CHOICES)
    if choices and is_suggested:
        message = "Autocomplete options cannot have choices"
        option.wrong("choices", message)
    names: list[object] = []
    for choice in choices:
        check_choice(choice, kind)
        check_localizations(choice, "name_localizations", MAX_CHOICE_TEXT)
        if choice.given("name") in names:
            message = "Option choice names must be unique"
            choice.wrong("name", message)
        names.append(choice.given("name"))


def check_choice(choice: Fields, kind: int) -> None:
    """Note what is wrong with a choice of an option of this type, registered or suggested."""
    choice.require("name", "value")
    choice.text("name", 1, MAX_CHOICE_TEXT)
    value = choice.given("value")
    match kind:
        case OptionType.STRING:
            choice.text("value", 0, MAX_CHOICE_TEXT)
        case OptionType.INTEGER:
            choice.number("value", -MAX_SAFE_INTEGER)
        case _:
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                choice.wrong("value", f'Value "{value}" is not float.')
