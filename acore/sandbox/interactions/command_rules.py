"""What Discord demands of a command that is registered.

After Discord's documentation, "Application Commands", and its API description.
"""

from types import MappingProxyType

from acore.sandbox.forms.fields import Fields, Path
from acore.sandbox.interactions import option_rules
from acore.sandbox.interactions.kinds import CommandType, Context, IntegrationType
from acore.sandbox.interactions.names import check_description, check_name
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json, as_int, as_object, as_objects, as_snowflake

MAX_OPTIONS = 25
MAX_COMMANDS = MappingProxyType({CommandType.CHAT_INPUT: 100, CommandType.USER: 15, CommandType.MESSAGE: 15})
MAX_COMMANDS_AT_ONCE = 130
MAX_SIZE = 8000
"""Characters of a command's names, descriptions and values; of a localized one the longest counts."""
MAX_PERMISSIONS = (1 << 54) - 1
DUPLICATE = "Application command names must be unique"
NOT_IN_CONTEXT_MENUS = "Context menu commands cannot have description"


def check(sent: Json, at: Path = ()) -> None:
    """Hold a command against Discord's rules.

    Raises:
        ApiError: code 50035, naming every field that breaks one.
    """
    errors = FormErrors()
    fields = Fields(sent, errors, at)
    kind = as_int(sent.get("type"), 1) if fields.one_of("type", tuple(CommandType)) is not None else 1
    is_slash = kind == CommandType.CHAT_INPUT
    check_name(fields, is_slash=is_slash)
    if is_slash:
        check_description(fields)
        option_rules.check(fields.objects("options", 0, MAX_OPTIONS))
        if size(sent) > MAX_SIZE:
            message = f"Command exceeds maximum size ({MAX_SIZE})"
            fields.wrong("options", message)
    else:
        if sent.get("description"):
            fields.wrong("description", NOT_IN_CONTEXT_MENUS)
        if sent.get("options"):
            fields.wrong("options", "Context menu commands cannot have options")
    _check_use(fields)
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
            errors.add(("_",), too_many(kind))
    for index, one in enumerate(sent):
        key = (one.get("name"), as_int(one.get("type"), 1))
        if key in seen:
            errors.add((index, "name"), DUPLICATE)
        seen.add(key)
    errors.raise_any()


def check_list(sent: object) -> list[Json]:
    """Return the commands of a body that replaces them all.

    Raises:
        ApiError: code 50035, it is no list of objects or too long.
    """
    errors = FormErrors()
    listed = Fields({"_": sent}, errors).objects("_", 0, MAX_COMMANDS_AT_ONCE)
    errors.raise_any()
    return [one.body for one in listed]


def too_many(kind: CommandType) -> str:
    """Return Discord's sentence for more commands of a kind than there may be."""
    return f"Maximum number of application commands reached ({MAX_COMMANDS[kind]})."


def size(sent: Json) -> int:
    """Return how many characters of Discord's limit on whole commands this one takes, options included."""
    total = sum(_longest(sent, key) for key in ("name", "description"))
    for option in as_objects(sent.get("options")):
        total += size(option)
        for choice in as_objects(option.get("choices")):
            total += _longest(choice, "name") + len(str(choice.get("value")))
    return total


def _longest(sent: Json, key: str) -> int:
    texts = [sent.get(key), *as_object(sent.get(f"{key}_localizations")).values()]
    return max(len(text) if isinstance(text, str) else 0 for text in texts)


def _check_use(fields: Fields) -> None:
    """Note what is wrong with where and by whom a command may be used."""
    required = fields.given("default_member_permissions")
    if required is not None:
        bits = as_snowflake(required)
        if bits is None:
            fields.wrong("default_member_permissions", f'Value "{required}" is not int.')
        elif int(bits) > MAX_PERMISSIONS:
            message = f"int value should be less than or equal to {MAX_PERMISSIONS}."
            fields.wrong("default_member_permissions", message)
    fields.flag("dm_permission")
    fields.flag("nsfw")
    fields.several_of("contexts", tuple(Context), low=1)
    fields.several_of("integration_types", tuple(IntegrationType), low=1)
