"""The application behind a bot, and the commands it registers."""

from collections.abc import Callable

from acore.sandbox.api.refusals import ApiError, Refusal
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.interactions.commands import Command
from acore.sandbox.shapes import as_flag, as_objects
from acore.sandbox.state.records import Application

routes = Routes()

GLOBAL = "/applications/{application_id}/commands"
IN_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def _own(call: Call) -> Application:
    """Return the caller's application, which must be the one in the path."""
    application = call.application
    if application is None:
        raise ApiError(Refusal.UNAUTHORIZED)
    named = call.path.get("application_id", application.id)
    if named not in call.house.world.applications:
        raise ApiError(Refusal.UNKNOWN_APPLICATION)
    if named != application.id:
        raise ApiError(Refusal.MISSING_ACCESS)
    guild_id = call.path.get("guild_id")
    if guild_id is not None and application.bot.id not in _members_of(call, guild_id):
        raise ApiError(Refusal.MISSING_ACCESS)
    return application


def _members_of(call: Call, guild_id: str) -> set[str]:
    guild = call.house.world.guilds.get(guild_id)
    return set() if guild is None else set(guild.members)


def _command(call: Call) -> Command:
    application = _own(call)
    return call.house.commands.find(application.id, call.path.get("guild_id"), call.path["command_id"])


def _both(method: str, suffix: str = "") -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Return a decorator for what is asked of global and of guild commands alike."""

    def add(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        routes.on(method, GLOBAL + suffix, Audience.BOT)(handler)
        return routes.on(method, IN_GUILD + suffix, Audience.BOT)(handler)

    return add


@_both("GET")
def get_commands(call: Call) -> Answer:
    """Return what is registered, with every language if asked for."""
    listed = call.house.commands.listed(_own(call).id, call.path.get("guild_id"))
    with_localizations = as_flag(call.query.get("with_localizations"))
    return Answer([one.payload(with_localizations=with_localizations) for one in listed])


@_both("POST")
def create_command(call: Call) -> Answer:
    """Register one command, or overwrite the one of its name and type."""
    application = _own(call)
    command, is_new = call.house.commands.register(application.id, call.path.get("guild_id"), call.form)
    return Answer(command.payload(), status=201 if is_new else 200)


@_both("PUT")
def replace_commands(call: Call) -> Answer:
    """Register exactly the commands given."""
    sent = as_objects(call.body)
    kept = call.house.commands.replace_all(_own(call).id, call.path.get("guild_id"), sent)
    return Answer([one.payload() for one in kept])


@_both("GET", "/{command_id}")
def get_command(call: Call) -> Answer:
    """Return one command."""
    return Answer(_command(call).payload())


@_both("PATCH", "/{command_id}")
def edit_command(call: Call) -> Answer:
    """Change one command."""
    command = _command(call)
    call.house.commands.edit(command, call.form)
    return Answer(command.payload())


@_both("DELETE", "/{command_id}")
def delete_command(call: Call) -> Answer:
    """Remove one command."""
    call.house.commands.remove(_command(call))
    return NOTHING
