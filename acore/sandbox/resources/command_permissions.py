"""Who may use which command in a guild: bots read it, people who manage the guild set it."""

from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.interactions import command_permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.resources.applications import IN_GUILD, guild_of, named_application
from acore.sandbox.shapes import Json
from acore.sandbox.state import audit
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Application, Guild

routes = Routes()

ALL = f"{IN_GUILD}/permissions"
ONE = f"{IN_GUILD}/{{command_id}}/permissions"
READING = (
    Refusal.UNKNOWN_APPLICATION,
    Refusal.NOT_YOUR_APPLICATION,
    Refusal.MISSING_ACCESS,
    Refusal.MISSING_PERMISSIONS,
)


def _place(call: Call) -> tuple[Application, Guild]:
    """Return whose commands are meant and where; a bot asks for its own, a person must manage the guild.

    Raises:
        ApiError: the caller is neither, or there is no such application or guild.
    """
    if call.caller.bot:
        application = named_application(call)
        return application, guild_of(call, application)
    application = call.world.applications.get(call.path["application_id"])
    if application is None:
        raise ApiError(Refusal.UNKNOWN_APPLICATION)
    guild = guild_of(call, application)
    if call.caller.id not in guild.members:
        raise ApiError(Refusal.MISSING_ACCESS)
    call.require(Permission.MANAGE_GUILD, guild)
    return application, guild


def _check_exists(call: Call, application: Application, guild: Guild) -> None:
    """Go on only if the id in the path is the application's or one of its commands'.

    Raises:
        ApiError: code 10063.
    """
    commands = call.house.commands
    known = commands.listed(application.id, None) + commands.listed(application.id, guild.id)
    if call.path["command_id"] not in {application.id, *(one.id for one in known)}:
        raise ApiError(Refusal.UNKNOWN_COMMAND)


@routes.on("GET", ALL, Audience.EITHER, refuses=READING)
def get_all_permissions(call: Call) -> Answer:
    """Return what was set for an application and its commands."""
    application, guild = _place(call)
    return Answer(call.house.commands.permissions.listed(guild, application.id))


@routes.on(
    "GET",
    ONE,
    Audience.EITHER,
    refuses=(*READING, Refusal.UNKNOWN_COMMAND, Refusal.UNKNOWN_COMMAND_PERMISSIONS),
)
def get_permissions(call: Call) -> Answer:
    """Return what was set for one command, or for the application."""
    application, guild = _place(call)
    _check_exists(call, application, guild)
    stored = call.house.commands.permissions
    return Answer(stored.payload(guild, application.id, call.path["command_id"]))


@routes.on(
    "PUT",
    ONE,
    Audience.EITHER,
    refuses=(
        Refusal.BOTS_MAY_NOT,
        Refusal.UNKNOWN_APPLICATION,
        Refusal.MISSING_ACCESS,
        Refusal.MISSING_PERMISSIONS,
        Refusal.UNKNOWN_COMMAND,
        Refusal.INVALID_FORM,
    ),
)
def put_permissions(call: Call) -> Answer:
    """Set who may use a command, or every command of the application, as people do in a guild's settings."""
    if call.caller.bot:
        raise ApiError(Refusal.BOTS_MAY_NOT)
    application, guild = _place(call)
    _check_exists(call, application, guild)
    of_id, stored = call.path["command_id"], call.house.commands.permissions
    before = {one["id"]: one for one in stored.of(guild, of_id)}
    payload = stored.put(guild, application.id, of_id, command_permissions.read(call.form, guild))
    after: Json = {one["id"]: one for one in payload["permissions"]}
    audit.note(
        call.world,
        guild,
        AuditAction.APPLICATION_COMMAND_PERMISSION_UPDATE,
        call.caller,
        of_id,
        reason=call.reason,
        changes=audit.changed(before, after),
        options={"application_id": application.id},
    )
    call.world.announce("APPLICATION_COMMAND_PERMISSIONS_UPDATE", payload, [application.bot.id])
    return Answer(payload)
