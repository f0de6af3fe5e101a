"""What a person's client sends to invoke a command, held against the command itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from acore.sandbox import payloads
from acore.sandbox.api.refusals import FormErrors
from acore.sandbox.interactions.command_rules import CommandType, OptionType
from acore.sandbox.interactions.commands import Command
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json, as_list, as_objects, as_snowflake
from acore.sandbox.state.records import Attachment, Channel, Guild
from acore.sandbox.state.world import World

MAX_STRING_OPTION = 6000  # Discord's documentation, "Application Command Option Structure"
OUTDATED = "This command is outdated, please try again in a few minutes"

type Path = tuple[str | int, ...]


@dataclass(slots=True)
class Resolver:
    """Looks up the users, roles, channels, messages and files that options name."""

    world: World
    guild: Guild | None
    channel: Channel
    origin: str
    find_attachment: Callable[[str], Attachment | None]
    found: Json = field(default_factory=dict[str, Json])

    def user(self, user_id: str) -> bool:
        """Resolve a user, and the member it is here; return whether there is one."""
        user = self.world.users.get(user_id)
        if user is None:
            return False
        self._put("users", user_id, payloads.user(user))
        if self.guild is not None and user_id in self.guild.members:
            member = self.guild.members[user_id]
            bits = permissions.of_member(self.guild, member)
            self._put("members", user_id, {**payloads.bare_member(member), "permissions": str(bits)})
        return True

    def role(self, role_id: str) -> bool:
        """Resolve a role of this guild; return whether there is one."""
        if self.guild is None or role_id not in self.guild.roles:
            return False
        self._put("roles", role_id, payloads.role(self.guild.roles[role_id]))
        return True

    def mentionable(self, snowflake: str) -> bool:
        """Resolve a user or a role; return whether there is one."""
        return self.user(snowflake) or self.role(snowflake)

    def place(self, channel_id: str) -> bool:
        """Resolve a channel of this guild; return whether there is one."""
        if self.guild is None or channel_id not in self.guild.channels:
            return False
        channel = self.guild.channels[channel_id]
        self._put("channels", channel_id, payloads.partial_channel(channel, permissions.EVERYONE_MAY))
        return True

    def message(self, message_id: str) -> bool:
        """Resolve a message of this channel; return whether there is one."""
        message = self.channel.messages.get(message_id)
        if message is None or message.only_for is not None:
            return False
        self._put("messages", message_id, payloads.message(message, self.origin))
        return True

    def attachment(self, attachment_id: str) -> bool:
        """Resolve an uploaded file; return whether there is one."""
        attachment = self.find_attachment(attachment_id)
        if attachment is None:
            return False
        self._put("attachments", attachment_id, payloads.attachment(attachment, self.origin))
        return True

    def _put(self, kind: str, key: str, body: Json) -> None:
        self.found.setdefault(kind, {})[key] = body


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
        self._focused = 0

    def read(self, data: Json) -> Json:
        """Return the data the bot gets.

        Raises:
            ApiError: code 50035, naming every option that the command does not take this way.
        """
        command = self._command
        self._check_identity(data)
        body: Json = {"id": command.id, "name": command.name, "type": command.type}
        if command.guild_id is not None:
            body["guild_id"] = command.guild_id
        if command.type == CommandType.CHAT_INPUT:
            options = self._options(command.options, as_objects(data.get("options")), ("data", "options"))
            if options:
                body["options"] = options
        else:
            body["target_id"] = self._target(data)
        if self._is_typing and self._focused != 1:
            self._errors.add(("data", "options"), "Exactly one option is focused")
        self._errors.raise_any()
        if self._resolver.found:
            body["resolved"] = self._resolver.found
        return body

    def _check_identity(self, data: Json) -> None:
        command = self._command
        if data.get("name", command.name) != command.name or data.get("type", command.type) != command.type:
            self._errors.add(("data", "name"), "Not this command's name")
        if str(data.get("version", command.version)) != command.version:
            self._errors.add(("data", "version"), OUTDATED)

    def _target(self, data: Json) -> str:
        target_id = as_snowflake(data.get("target_id")) or ""
        resolver = self._resolver
        find = resolver.user if self._command.type == CommandType.USER else resolver.message
        if not find(target_id):
            self._errors.add(("data", "target_id"), "The target does not exist")
        return target_id

    def _options(self, declared: list[Json], sent: list[Json], path: Path) -> list[Json]:
        by_name = {one["name"]: one for one in declared}
        read: list[Json] = []
        seen: set[object] = set()
        for index, option in enumerate(sent):
            at = (*path, index)
            name = option.get("name")
            spec = by_name.get(name)
            if spec is None or name in seen:
                self._errors.add((*at, "name"), f"No such option: {name}")
                continue
            seen.add(name)
            read.append(self._option(spec, option, at))
        self._check_missing(declared, seen, path)
        return read

    def _check_missing(self, declared: list[Json], seen: set[object], path: Path) -> None:
        if any(one["type"] in {OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP} for one in declared):
            if len(seen) != 1:
                self._errors.required(path)
        elif not self._is_typing:
            for index, one in enumerate(declared):
                if one.get("required") and one["name"] not in seen:
                    # Discord names the place in the command, as the missing option has none of its own.
                    message = f'Required option "{one["name"]}" is missing'
                    self._errors.add((*path, index), message)

    def _option(self, spec: Json, sent: Json, path: Path) -> Json:
        kind = spec["type"]
        body: Json = {"type": kind, "name": spec["name"]}
        if sent.get("type", kind) != kind:
            self._errors.add((*path, "type"), f"Must be of type {kind}.")
        if kind in {OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP}:
            inner = self._options(
                as_objects(spec.get("options")), as_objects(sent.get("options")), (*path, "options")
            )
            if inner:
                body["options"] = inner
            return body
        body["value"] = sent.get("value")
        if sent.get("focused"):
            body["focused"] = True
            self._focused += 1
        if not (self._is_typing and sent.get("focused")):
            self._check_value(spec, sent.get("value"), (*path, "value"))
        return body

    def _check_value(self, spec: Json, value: object, path: Path) -> None:
        if not _has_type(spec["type"], value):
            self._errors.add(path, f"Not a value of option type {spec['type']}.")
            return
        if isinstance(value, str):
            self._check_length(spec, value, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._check_range(spec, value, path)
        choices = as_objects(spec.get("choices"))
        if choices and value not in [one.get("value") for one in choices]:
            message = "Value is not one of the choices."
            self._errors.add(path, message)
        self._resolve(spec, str(value), path)

    def _check_length(self, spec: Json, value: str, path: Path) -> None:
        low, high = spec.get("min_length") or 0, spec.get("max_length") or MAX_STRING_OPTION
        if spec["type"] == OptionType.STRING and not low <= len(value) <= high:
            self._errors.add(path, f"Must be between {low} and {high} in length.")

    def _check_range(self, spec: Json, value: float, path: Path) -> None:
        low, high = spec.get("min_value"), spec.get("max_value")
        if low is not None and value < low:
            self._errors.add(path, f"Must be greater than or equal to {low}.")
        if high is not None and value > high:
            self._errors.add(path, f"Must be less than or equal to {high}.")

    def _resolve(self, spec: Json, value: str, path: Path) -> None:
        resolver = self._resolver
        finders = {
            OptionType.USER: resolver.user,
            OptionType.CHANNEL: resolver.place,
            OptionType.ROLE: resolver.role,
            OptionType.MENTIONABLE: resolver.mentionable,
            OptionType.ATTACHMENT: resolver.attachment,
        }
        find = finders.get(spec["type"])
        if find is not None and not find(value):
            self._errors.add(path, f"Nothing here has the id {value}.")
        kinds = as_list(spec.get("channel_types"))
        channel = self._resolver.world.channels.get(value)
        if kinds and channel is not None and channel.type not in kinds:
            self._errors.add(path, "Not a channel of the wanted type.")


def _has_type(kind: int, value: object) -> bool:
    match kind:
        case OptionType.STRING:
            return isinstance(value, str)
        case OptionType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case OptionType.BOOLEAN:
            return isinstance(value, bool)
        case OptionType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str) and value.isdigit()
