"""Application commands: what each application has registered."""

from dataclasses import dataclass

from acore.sandbox.api.refusals import ApiError, Refusal
from acore.sandbox.interactions.command_rules import MAX_COMMANDS, check, check_unique
from acore.sandbox.limits.creates import CommandCreates
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json, as_int, as_list, as_object, as_objects
from acore.sandbox.state.snowflakes import Snowflakes

LOCALIZATIONS = ("name_localizations", "description_localizations")


@dataclass(slots=True, eq=False)
class Command:
    """One registered command; *body* holds what Discord sends back, localizations included."""

    id: str
    application_id: str
    guild_id: str | None
    version: str
    body: Json

    @property
    def name(self) -> str:
        """What a person types."""
        return str(self.body["name"])

    @property
    def type(self) -> int:
        """How it is invoked."""
        return as_int(self.body["type"])

    @property
    def options(self) -> list[Json]:
        """What it takes."""
        return as_objects(self.body.get("options"))

    @property
    def default_member_permissions(self) -> str | None:
        """What a member must be permitted to use it."""
        return self.body["default_member_permissions"]

    @property
    def is_for_direct_messages(self) -> bool:
        """Whether it may be used in a direct message with the bot (context 1)."""
        contexts = self.body.get("contexts")
        if self.guild_id is not None:
            return False
        return bool(self.body.get("dm_permission", True)) if contexts is None else 1 in as_list(contexts)

    @property
    def is_for_guilds(self) -> bool:
        """Whether it may be used in a guild (context 0)."""
        contexts = self.body.get("contexts")
        return contexts is None or 0 in as_list(contexts)

    def payload(self, *, with_localizations: bool = True) -> Json:
        """Return it as Discord sends it back: the options with exactly the keys they came with."""
        body: Json = {
            "id": self.id,
            "application_id": self.application_id,
            "version": self.version,
            **self.body,
        }
        if self.guild_id is not None:
            body["guild_id"] = self.guild_id
        return body if with_localizations else _unlocalized(body)


class Commands:
    """What every application has registered, globally and in guilds.

    Args:
        snowflakes: makes ids and versions.
        creates: counts those that are new.
    """

    def __init__(self, snowflakes: Snowflakes, creates: CommandCreates) -> None:
        self._snowflakes = snowflakes
        self._creates = creates
        self._commands: dict[str, Command] = {}

    def listed(self, application_id: str, guild_id: str | None) -> list[Command]:
        """Return the commands registered globally, or in one guild."""
        return [
            one
            for one in self._commands.values()
            if one.application_id == application_id and one.guild_id == guild_id
        ]

    def find(self, application_id: str, guild_id: str | None, command_id: str) -> Command:
        """Return one command.

        Raises:
            ApiError: there is none with this id at this place.
        """
        command = self._commands.get(command_id)
        if command is None or (command.application_id, command.guild_id) != (application_id, guild_id):
            raise ApiError(Refusal.UNKNOWN_COMMAND)
        return command

    def usable(self, application_id: str, guild_id: str | None) -> list[Command]:
        """Return the commands a person finds in a guild, or with None in a direct message with the bot."""
        everywhere = self.listed(application_id, None)
        if guild_id is None:
            return [one for one in everywhere if one.is_for_direct_messages]
        return [one for one in everywhere if one.is_for_guilds] + self.listed(application_id, guild_id)

    def register(self, application_id: str, guild_id: str | None, sent: Json) -> tuple[Command, bool]:
        """Register one command, or overwrite the one with its name and type.

        Returns:
            The command, and whether it is new.

        Raises:
            ApiError: code 50035, it breaks Discord's rules; code 30034, too many are new today.
        """
        check(sent)
        known = self._same(application_id, guild_id, sent)
        if known is not None:
            self._change(known, stored(sent, guild_id))
            return known, False
        self._check_room(application_id, guild_id, sent)
        self._creates.take(application_id, guild_id)
        return self._add(application_id, guild_id, sent), True

    def replace_all(self, application_id: str, guild_id: str | None, sent: list[Json]) -> list[Command]:
        """Register exactly these commands; those that stay keep their ids, unchanged ones their versions too.

        Raises:
            ApiError: code 50035, or 30034 if too many are new today; then nothing is changed.
        """
        for index, one in enumerate(sent):
            check(one, (index,))
        check_unique(sent)
        new = [one for one in sent if self._same(application_id, guild_id, one) is None]
        self._creates.take(application_id, guild_id, len(new))
        kept: list[Command] = []
        for one in sent:
            known = self._same(application_id, guild_id, one)
            if known is None:
                kept.append(self._add(application_id, guild_id, one))
            else:
                self._change(known, stored(one, guild_id))
                kept.append(known)
        for command in self.listed(application_id, guild_id):
            if command not in kept:
                del self._commands[command.id]
        return kept

    def edit(self, command: Command, sent: Json) -> None:
        """Change the given fields of a command.

        Raises:
            ApiError: code 50035, it would break Discord's rules.
        """
        merged = {**command.body, **sent}
        check(merged)
        self._change(command, stored(merged, command.guild_id))

    def remove(self, command: Command) -> None:
        """Remove a command."""
        del self._commands[command.id]

    def _same(self, application_id: str, guild_id: str | None, sent: Json) -> Command | None:
        key = (sent.get("name"), as_int(sent.get("type"), 1))
        return next(
            (one for one in self.listed(application_id, guild_id) if (one.name, one.type) == key), None
        )

    def _add(self, application_id: str, guild_id: str | None, sent: Json) -> Command:
        make = self._snowflakes.make
        command = Command(make(), application_id, guild_id, make(), stored(sent, guild_id))
        self._commands[command.id] = command
        return command

    def _change(self, command: Command, body: Json) -> None:
        if body != command.body:
            command.body = body
            command.version = self._snowflakes.make()

    def _check_room(self, application_id: str, guild_id: str | None, sent: Json) -> None:
        kind = as_int(sent.get("type"), 1)
        same_kind = [one for one in self.listed(application_id, guild_id) if one.type == kind]
        if len(same_kind) >= MAX_COMMANDS[kind]:
            message = f"Maximum number of application commands reached ({MAX_COMMANDS[kind]})."
            raise ApiError(Refusal.INVALID_FORM, message=message)


def stored(sent: Json, guild_id: str | None) -> Json:
    """Return a command with Discord's defaults, echoing the options exactly as they were sent."""
    kind = as_int(sent.get("type"), 1)
    required = sent.get("default_member_permissions")
    body: Json = {
        "type": kind,
        "name": sent["name"],
        "name_localizations": sent.get("name_localizations"),
        "description": sent.get("description") or "",
        "description_localizations": sent.get("description_localizations"),
        "default_member_permissions": None if required is None else str(required),
        "nsfw": bool(sent.get("nsfw", False)),
        "contexts": sent.get("contexts"),
        "integration_types": as_list(sent.get("integration_types")) or [0],
    }
    if guild_id is None:
        body["dm_permission"] = sent.get("dm_permission") is not False
    if as_list(sent.get("options")):
        body["options"] = sent["options"]
    return body


def may_use(command: Command, bits: int | None) -> bool:
    """Return whether somebody with these permissions may use a command; None stands for a direct message."""
    return bits is None or permissions.may_use(command.default_member_permissions, bits)


def _unlocalized(body: Json) -> Json:
    bare: Json = {key: value for key, value in body.items() if key not in LOCALIZATIONS}
    for nest in ("options", "choices"):
        if nest in bare:
            bare[nest] = [_unlocalized(as_object(one)) for one in as_list(bare[nest])]
    return bare
