"""What a person's client sends to invoke a command, held against the command itself."""

from acore.sandbox.forms.fields import MAX_SAFE_INTEGER, Fields
from acore.sandbox.interactions.command import Command
from acore.sandbox.interactions.kinds import NESTING, CommandType, OptionType
from acore.sandbox.interactions.resolver import Find, Resolver
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json, as_list, as_objects, as_snowflake

MAX_OPTIONS = 25
MAX_STRING_OPTION = 6000  # Discord's documentation, "Application Command Option Structure"
OUTDATED = "This command is outdated, please try again in a few minutes"


class InvocationReader:
    """Reads the data of one invocation, as Discord would before it asks the bot.

    Args:
        command: what is invoked.
        resolver: finds what options name.
        is_typing: whether this is an autocomplete, where options may still be missing or unfinished.
    """

    def __init__(self, command: Command, resolver: Resolver, *, is_typing: bool) -> None:
        self._command = command
        self._resolver = resolver
        self._is_typing = is_typing
        self._errors = FormErrors()
        self.focused: Json | None = None
        """The declaration of the option that is being typed."""

    def read(self, data: Json) -> Json:
        """Return the data the bot gets.

        Raises:
            ApiError: code 50035, naming every option that the command does not take this way.
        """
        command = self._command
        sent = Fields(data, self._errors, ("data",))
        self._check_identity(sent)
        body: Json = {"id": command.id, "name": command.name, "type": command.type}
        if command.guild_id is not None:
            body["guild_id"] = command.guild_id
        if command.type == CommandType.CHAT_INPUT:
            options = self._options(command.options, sent)
            if options:
                body["options"] = options
        else:
            body["target_id"] = self._target(sent)
        if self._is_typing and self.focused is None:
            sent.wrong("options", "Exactly one option must be focused")
        self._errors.raise_any()
        if self._resolver.found:
            body["resolved"] = self._resolver.found
        return body

    def _check_identity(self, sent: Fields) -> None:
        command = self._command
        name, kind = sent.given("name"), sent.given("type")
        if name is not None and name != command.name:
            sent.wrong("name", "Not this command's name")
        if kind is not None and kind != command.type:
            sent.wrong("type", "Not this command's type")
        if str(sent.given("version") or command.version) != command.version:
            sent.wrong("version", OUTDATED)

    def _target(self, sent: Fields) -> str | None:
        target_id = as_snowflake(sent.given("target_id")) or ""
        resolver = self._resolver
        find = resolver.person if self._command.type == CommandType.USER else resolver.message
        if find(target_id) is None:
            sent.wrong("target_id", "The target does not exist")
        return target_id

    def _options(self, declared: list[Json], outer: Fields) -> list[Json]:
        by_name = {one["name"]: one for one in declared}
        read: list[Json] = []
        seen: set[str] = set()
        for option in outer.objects("options", 0, MAX_OPTIONS):
            name = str(option.given("name"))
            spec = by_name.get(name)
            if spec is None or name in seen:
                option.wrong("name", f"No such option: {name}")
                continue
            seen.add(name)
            read.append(self._option(spec, option))
        self._check_missing(declared, seen, outer)
        return read

    def _check_missing(self, declared: list[Json], seen: set[str], outer: Fields) -> None:
        if any(one["type"] in NESTING for one in declared):
            if len(seen) != 1:
                self._errors.required((*outer.path, "options"))
        elif not self._is_typing:
            for index, one in enumerate(declared):
                if one.get("required") and one["name"] not in seen:
                    # The place in the command is named, as the missing option has none of its own.
                    message = f'Required option "{one["name"]}" is missing'
                    self._errors.add((*outer.path, "options", index), message)

    def _option(self, spec: Json, sent: Fields) -> Json:
        kind = spec["type"]
        body: Json = {"type": kind, "name": spec["name"]}
        given = sent.given("type")
        if given is not None and given != kind:
            sent.wrong("type", f"Must be of type {kind}.")
        if kind in NESTING:
            inner = self._options(as_objects(spec.get("options")), sent)
            if inner:
                body["options"] = inner
            return body
        if sent.given("focused") and self._is_typing:
            body["focused"] = True
            body["value"] = self._partial(spec, sent)
        else:
            body["value"] = self._value(spec, sent)
        return body

    def _partial(self, spec: Json, sent: Fields) -> object:
        """Return what was typed so far of the option that is focused."""
        if self.focused is not None or not spec.get("autocomplete"):
            sent.wrong("focused", "Exactly one option that has autocomplete must be focused")
        self.focused = spec
        value = sent.given("value")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            sent.wrong("value", "Could not interpret value as string.")
        elif isinstance(value, str) and len(value) > MAX_STRING_OPTION:
            sent.wrong("value", f"Must be {MAX_STRING_OPTION} or fewer in length.")
        return value

    def _value(self, spec: Json, sent: Fields) -> object:
        """Return the value of an option; of a file the id it is kept under."""
        kind, value = spec["type"], sent.given("value")
        find = self._finder(kind)
        if find is not None:
            return self._found(spec, sent, find)
        if not _has_type(kind, value):
            sent.wrong("value", f"Not a value of option type {kind}.")
            return value
        if isinstance(value, str):
            low, high = spec.get("min_length") or 0, spec.get("max_length") or MAX_STRING_OPTION
            sent.text("value", low, high)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            _check_range(spec, value, sent)
        choices = as_objects(spec.get("choices"))
        if choices and value not in [one.get("value") for one in choices]:
            message = "Value is not one of the choices."
            sent.wrong("value", message)
        return value

    def _found(self, spec: Json, sent: Fields, find: Find) -> str | None:
        value = as_snowflake(sent.given("value"))
        found = None if value is None else find(value)
        if found is None:
            sent.wrong("value", f"Nothing here has the id {sent.given('value')}.")
        elif spec["type"] == OptionType.CHANNEL:
            kinds = as_list(spec.get("channel_types"))
            if kinds and self._resolver.type_of_place(found) not in kinds:
                sent.wrong("value", "Not a channel of the wanted type.")
        return found

    def _finder(self, kind: int) -> Find | None:
        resolver = self._resolver
        finders: dict[int, Find] = {
            OptionType.USER: resolver.person,
            OptionType.CHANNEL: resolver.place,
            OptionType.ROLE: resolver.role,
            OptionType.MENTIONABLE: resolver.mentionable,
            OptionType.ATTACHMENT: resolver.attachment,
        }
        return finders.get(kind)


def _check_range(spec: Json, value: float, sent: Fields) -> None:
    low, high = spec.get("min_value"), spec.get("max_value")
    if spec["type"] == OptionType.INTEGER:
        low = -MAX_SAFE_INTEGER if low is None else low
        high = MAX_SAFE_INTEGER if high is None else high
    if low is not None and value < low:
        sent.wrong("value", f"Must be greater than or equal to {low}.")
    if high is not None and value > high:
        sent.wrong("value", f"Must be less than or equal to {high}.")


def _has_type(kind: int, value: object) -> bool:
    match kind:
        case OptionType.STRING:
            return isinstance(value, str)
        case OptionType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case OptionType.BOOLEAN:
            return isinstance(value, bool)
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)
