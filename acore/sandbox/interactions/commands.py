"""Application commands: what each application has registered."""

from acore.sandbox.interactions.command import Command, stored
from acore.sandbox.interactions.command_permissions import CommandPermissions
from acore.sandbox.interactions.command_rules import (
    DUPLICATE,
    MAX_COMMANDS,
    check,
    check_list,
    check_unique,
    too_many,
)
from acore.sandbox.interactions.kinds import CommandType, Context
from acore.sandbox.limits.creates import CommandCreates
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.shapes import Json, as_int, as_snowflake
from acore.sandbox.state.snowflakes import Snowflakes


class Commands:
    """What every application has registered, globally and in guilds, and who may use it.

    Args:
        snowflakes: makes ids and versions.
        creates: counts those that are new.
    """

    def __init__(self, snowflakes: Snowflakes, creates: CommandCreates) -> None:
        self.permissions = CommandPermissions()
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

    def usable(self, application_id: str, context: Context, guild_id: str | None) -> list[Command]:
        """Return the commands a person finds in a place, whatever the person may do there."""
        found = [one for one in self.listed(application_id, None) if one.is_usable_in(context)]
        return found if guild_id is None else found + self.listed(application_id, guild_id)

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

    def replace_all(self, application_id: str, guild_id: str | None, sent: object) -> list[Command]:
        """Register exactly these commands; those that stay keep their ids, unchanged ones their versions too.

        Raises:
            ApiError: code 50035, or 30034 if too many are new today; then nothing is changed.
        """
        listed = check_list(sent)
        for index, one in enumerate(listed):
            check(one, (index,))
        check_unique(listed)
        known = [self._known(application_id, guild_id, one) for one in listed]
        self._creates.take(application_id, guild_id, known.count(None))
        kept: list[Command] = []
        for one, before in zip(listed, known, strict=True):
            if before is None or before in kept:
                kept.append(self._add(application_id, guild_id, one))
            else:
                self._change(before, stored(one, guild_id))
                kept.append(before)
        for command in self.listed(application_id, guild_id):
            if command not in kept:
                self.remove(command)
        return kept

    def edit(self, command: Command, sent: Json) -> None:
        """Change the given fields of a command.

        Raises:
            ApiError: code 50035, it would break Discord's rules or have the name of another.
        """
        merged = {**command.body, **sent, "type": command.type}
        check(merged)
        if self._same(command.application_id, command.guild_id, merged) not in {None, command}:
            raise invalid(("name",), DUPLICATE)
        self._change(command, stored(merged, command.guild_id))

    def remove(self, command: Command) -> None:
        """Remove a command, and what was set for it."""
        del self._commands[command.id]
        self.permissions.forget(command.id)

    def _same(self, application_id: str, guild_id: str | None, sent: Json) -> Command | None:
        key = (sent.get("name"), as_int(sent.get("type"), 1))
        return next(
            (one for one in self.listed(application_id, guild_id) if (one.name, one.type) == key), None
        )

    def _known(self, application_id: str, guild_id: str | None, sent: Json) -> Command | None:
        """Return the command that one of a whole list changes: that with its id, else that with its name."""
        command = self._commands.get(as_snowflake(sent.get("id")) or "")
        if command is None or (command.application_id, command.guild_id) != (application_id, guild_id):
            return self._same(application_id, guild_id, sent)
        return command

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
        kind = CommandType(as_int(sent.get("type"), 1))
        same_kind = [one for one in self.listed(application_id, guild_id) if one.type == kind]
        if len(same_kind) >= MAX_COMMANDS[kind]:
            raise ApiError(Refusal.MAXIMUM_COMMANDS, message=too_many(kind))
