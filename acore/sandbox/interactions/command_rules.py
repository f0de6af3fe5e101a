"""What Discord demands of a command that is registered."""

import re
from enum import IntEnum

from acore.sandbox.api.refusals import FormErrors
from acore.sandbox.shapes import Json, as_int, as_objects

# Discord's documentation, "Application Command Object".
MAX_DESCRIPTION = 100
MAX_NAME = 32
MAX_OPTIONS = 25
MAX_CHOICES = 25
MAX_CHOICE_TEXT = 100
MAX_COMMANDS = {1: 100, 2: 5, 3: 5}
SLASH_NAME = re.compile(r"[-_'\w]{1,32}")

type Path = tuple[str | int, ...]


class CommandType(IntEnum):
    """How a command is invoked."""

    CHAT_INPUT = 1
    USER = 2
    MESSAGE = 3


class OptionType(IntEnum):
    """What a command's option takes."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


NESTING = {OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP}
WITH_CHOICES = {OptionType.STRING, OptionType.INTEGER, OptionType.NUMBER}


def check(sent: Json, at: Path = ()) -> None:
    """Hold a command against Discord's rules.

    Raises:
        ApiError: code 50035, naming every field that breaks one.
    """
    errors = FormErrors()
    kind = as_int(sent.get("type"), 1)
    if kind not in MAX_COMMANDS:
        errors.add((*at, "type"), f"Value must be one of {tuple(MAX_COMMANDS)}.")
    is_slash = kind == CommandType.CHAT_INPUT
    _check_name(sent.get("name"), errors, (*at, "name"), is_slash=is_slash)
    if is_slash:
        _check_description(sent.get("description"), errors, (*at, "description"))
        _check_options(as_objects(sent.get("options")), errors, (*at, "options"))
    elif sent.get("description"):
        errors.add((*at, "description"), "Context menu commands cannot have description")
    required = sent.get("default_member_permissions")
    if required is not None and not str(required).isdigit():
        errors.add((*at, "default_member_permissions"), f'Value "{required}" is not int.')
    errors.raise_any()


def check_unique(sent: list[Json]) -> None:
    """Hold a list of commands against the rules that names are unique and commands not too many.

    Raises:
        ApiError: code 50035, naming each that comes twice.
    """
    errors = FormErrors()
    seen: set[tuple[object, int]] = set()
    for kind, most in MAX_COMMANDS.items():
        if sum(as_int(one.get("type"), 1) == kind for one in sent) > most:
            errors.add(("_",), f"Maximum number of application commands reached ({most}).")
    for index, one in enumerate(sent):
        key = (one.get("name"), as_int(one.get("type"), 1))
        if key in seen:
            message = "Application command names must be unique"
            errors.add((index, "name"), message)
        seen.add(key)
    errors.raise_any()


def _check_name(value: object, errors: FormErrors, path: Path, *, is_slash: bool) -> None:
    if not isinstance(value, str) or not value:
        errors.required(path)
    elif len(value) > MAX_NAME:
        errors.add(path, f"Must be between 1 and {MAX_NAME} in length.")
    elif is_slash and (not SLASH_NAME.fullmatch(value) or value != value.lower()):
        errors.add(path, "Command name is invalid")


def _check_description(value: object, errors: FormErrors, path: Path) -> None:
    if not isinstance(value, str) or not value:
        errors.required(path)
    elif len(value) > MAX_DESCRIPTION:
        errors.add(path, f"Must be between 1 and {MAX_DESCRIPTION} in length.")


def _check_options(options: list[Json], errors: FormErrors, path: Path) -> None:
    if len(options) > MAX_OPTIONS:
        errors.add(path, f"Must be {MAX_OPTIONS} or fewer in length.")
    names: set[object] = set()
    was_optional = False
    for index, option in enumerate(options):
        at = (*path, index)
        kind = as_int(option.get("type"))
        if kind not in set(OptionType):
            errors.add((*at, "type"), f"Value must be one of {tuple(map(int, OptionType))}.")
        _check_name(option.get("name"), errors, (*at, "name"), is_slash=True)
        _check_description(option.get("description"), errors, (*at, "description"))
        if option.get("name") in names:
            message = "Option names must be unique"
            errors.add((*at, "name"), message)
        names.add(option.get("name"))
        if kind in NESTING:
            _check_options(as_objects(option.get("options")), errors, (*at, "options"))
            continue
        if option.get("required") and was_optional:
            message = "Required options must be placed before non-required options"
            errors.add(at, message)
        was_optional = was_optional or not option.get("required")
        _check_choices(option, kind, errors, (*at, "choices"))


def _check_choices(option: Json, kind: int, errors: FormErrors, path: Path) -> None:
    choices = as_objects(option.get("choices"))
    if len(choices) > MAX_CHOICES:
        errors.add(path, f"Must be {MAX_CHOICES} or fewer in length.")
    if choices and kind not in WITH_CHOICES:
        errors.add(path, "This option type cannot have choices")
    if choices and option.get("autocomplete"):
        message = "Autocomplete options cannot have choices"
        errors.add(path, message)
    for index, choice in enumerate(choices):
        for key in ("name", "value"):
            text = choice.get(key)
            if isinstance(text, str) and not 1 <= len(text) <= MAX_CHOICE_TEXT:
                message = f"Must be between 1 and {MAX_CHOICE_TEXT} in length."
                errors.add((*path, index, key), message)
