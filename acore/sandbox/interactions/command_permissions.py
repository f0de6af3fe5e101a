"""Who may use a command where, as administrators of a guild set it.

After Discord's documentation, "Application Command Permissions": those of a command outrank those of its
whole application, a user's outrank roles, and a role that allows outranks those that deny.
"""

from acore.sandbox.forms.fields import Fields
from acore.sandbox.interactions.command import Command
from acore.sandbox.interactions.kinds import PermissionType
from acore.sandbox.permissions import rules
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Channel, Guild, Member

MAX_PERMISSIONS = 100


def all_channels(guild: Guild) -> str:
    """Return the id that stands for every channel of a guild."""
    return str(int(guild.id) - 1)


class CommandPermissions:
    """What was set for each command, or for a whole application, in each guild."""

    def __init__(self) -> None:
        self._set: dict[str, dict[str, list[Json]]] = {}
        """By guild, and there by command or application."""
        self._owners: dict[str, str] = {}
        """The application of each of these."""

    def listed(self, guild: Guild, application_id: str) -> list[Json]:
        """Return what was set for an application and its commands in a guild."""
        set_here = self._set.get(guild.id, {})
        mine = [one for one in set_here if self._owners[one] == application_id]
        return [_payload(guild, application_id, one, set_here[one]) for one in mine]

    def of(self, guild: Guild, of_id: str) -> list[Json]:
        """Return what was set for one command, or for the whole application; nothing if it was not."""
        return self._set.get(guild.id, {}).get(of_id, [])

    def payload(self, guild: Guild, application_id: str, of_id: str) -> Json:
        """Return what was set for one command, or with its own id for the whole application.

        Raises:
            ApiError: code 10066, nothing was.
        """
        if not self.of(guild, of_id):
            raise ApiError(Refusal.UNKNOWN_COMMAND_PERMISSIONS)
        return _payload(guild, application_id, of_id, self.of(guild, of_id))

    def put(self, guild: Guild, application_id: str, of_id: str, permissions: list[Json]) -> Json:
        """Set who may use a command, or a whole application; with an empty list it is as if nothing was."""
        set_here = self._set.setdefault(guild.id, {})
        if permissions:
            set_here[of_id] = permissions
            self._owners[of_id] = application_id
        else:
            set_here.pop(of_id, None)
        return _payload(guild, application_id, of_id, permissions)

    def forget(self, command_id: str) -> None:
        """Drop what was set for a command that is gone."""
        for set_there in self._set.values():
            set_there.pop(command_id, None)
        self._owners.pop(command_id, None)

    def allow(self, command: Command, guild: Guild, member: Member, channel: Channel | None) -> bool:
        """Return whether a member may use a command in a channel, or with None somewhere in the guild."""
        bits = rules.of_member(guild, member) if channel is None else rules.in_channel(guild, member, channel)
        if not bits & Permission.USE_APPLICATION_COMMANDS:
            return False
        if bits & Permission.ADMINISTRATOR:
            return True
        own = self.of(guild, command.id)
        whole = self.of(guild, command.application_id)
        if channel is not None:
            here = _first(_of_channel(own, guild, channel), _of_channel(whole, guild, channel))
            if here is False:
                return False
        verdict = _of_member(own, guild, member)
        if verdict is not None:
            return verdict
        return _of_member(whole, guild, member) is not False and rules.may_use(
            command.default_member_permissions, bits
        )


def read(body: Json, guild: Guild) -> list[Json]:
    """Return the permissions somebody sets.

    Raises:
        ApiError: code 50035, they are not of Discord's form or name nothing in this guild.
    """
    errors = FormErrors()
    listed = Fields(body, errors).objects("permissions", 0, MAX_PERMISSIONS)
    read_ones: list[Json] = []
    for one in listed:
        one.require("id", "type", "permission")
        snowflake, kind = one.snowflake("id"), one.one_of("type", tuple(PermissionType))
        allows = one.flag("permission")
        if snowflake is not None and isinstance(kind, int) and not _exists(snowflake, kind, guild):
            one.wrong("id", "Nothing in this guild has this id.")
        read_ones.append({"id": snowflake, "type": kind, "permission": allows})
    errors.raise_any()
    return read_ones


def _exists(snowflake: str, kind: int, guild: Guild) -> bool:
    match kind:
        case PermissionType.ROLE:
            return snowflake in guild.roles
        case PermissionType.USER:
            return snowflake in guild.members
        case _:
            return snowflake in guild.channels or snowflake == all_channels(guild)


def _payload(guild: Guild, application_id: str, of_id: str, permissions: list[Json]) -> Json:
    return {
        "id": of_id,
        "application_id": application_id,
        "guild_id": guild.id,
        "permissions": [dict(one) for one in permissions],
    }


def _first(*verdicts: bool | None) -> bool | None:
    return next((one for one in verdicts if one is not None), None)


def _of(permissions: list[Json], kind: PermissionType) -> dict[str, bool]:
    return {one["id"]: one["permission"] for one in permissions if one["type"] == kind}


def _of_channel(permissions: list[Json], guild: Guild, channel: Channel) -> bool | None:
    channels = _of(permissions, PermissionType.CHANNEL)
    place = channel.parent_id if channel.is_thread and channel.parent_id is not None else channel.id
    return _first(channels.get(place), channels.get(all_channels(guild)))


def _of_member(permissions: list[Json], guild: Guild, member: Member) -> bool | None:
    own = _of(permissions, PermissionType.USER).get(member.user.id)
    roles = _of(permissions, PermissionType.ROLE)
    of_roles = [roles[one] for one in member.role_ids if one in roles]
    return _first(own, any(of_roles) if of_roles else None, roles.get(guild.id))
