"""The application behind a bot, and the commands it registers."""

from collections.abc import Callable

from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.interactions.command import Command
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import as_flag
from acore.sandbox.state.records import Application, Guild

routes = Routes()

GLOBAL = "/applications/{application_id}/commands"
IN_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"
OWN = (Refusal.UNKNOWN_APPLICATION, Refusal.NOT_YOUR_APPLICATION)
"""What is refused wherever an application is named."""


def named_application(call: Call) -> Application:
    """Return the application in the path, which must be the calling bot's own.

    Raises:
        ApiError: it does not exist, or it is another's.
    """
    application = call.world.applications.get(call.path["application_id"])
    if application is None:
        raise ApiError(Refusal.UNKNOWN_APPLICATION)
    if application is not call.application:
        raise ApiError(Refusal.NOT_YOUR_APPLICATION)
    return application


def guild_of(call: Call, application: Application) -> Guild:
    """Return the guild in the path, in which an application's bot must be.

    Raises:
        ApiError: it is not, or there is no such guild.
    """
    guild = call.world.guilds.get(call.path["guild_id"])
    if guild is None or application.bot.id not in guild.members:
        raise ApiError(Refusal.MISSING_ACCESS)
    return guild


def _place(call: Call) -> tuple[str, str | None]:
    """Return whose commands are meant, and in which guild."""
    application = named_application(call)
    guild_id = guild_of(call, application).id if "guild_id" in call.path else None
    return application.id, guild_id


def _command(call: Call) -> Command:
    application_id, guild_id = _place(call)
    return call.house.commands.find(application_id, guild_id, call.path["command_id"])


def _both(
    method: str, suffix: str = "", *, refuses: tuple[Refusal, ...] = ()
) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Return a decorator for what is asked of global and of guild commands alike."""

    def add(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        in_guild = (*OWN, Refusal.MISSING_ACCESS, *refuses)
        routes.on(method, GLOBAL + suffix, Audience.BOT, refuses=(*OWN, *refuses))(handler)
        return routes.on(method, IN_GUILD + suffix, Audience.BOT, refuses=in_guild)(handler)

    return add


@_both("GET")
def get_commands(call: Call) -> Answer:
    """Return what is registered, with every language if asked for."""
    listed = call.house.commands.listed(*_place(call))
    with_localizations = as_flag(call.query.get("with_localizations"))
    return Answer([one.payload(with_localizations=with_localizations) for one in listed])


@_both("POST", refuses=(Refusal.INVALID_FORM, Refusal.MAXIMUM_COMMANDS, Refusal.DAILY_COMMAND_CREATES))
def create_command(call: Call) -> Answer:
    """Register one command, or overwrite the one of its name and type."""
    command, is_new = call.house.commands.register(*_place(call), call.form)
    return Answer(command.payload(), status=201 if is_new else 200)


@_both("PUT", refuses=(Refusal.INVALID_FORM, Refusal.DAILY_COMMAND_CREATES))
def replace_commands(call: Call) -> Answer:
    """Register exactly the commands given."""
    kept = call.house.commands.replace_all(*_place(call), call.body)
    return Answer([one.payload() for one in kept])


@_both("GET", "/{command_id}", refuses=(Refusal.UNKNOWN_COMMAND,))
def get_command(call: Call) -> Answer:
    """Return one command."""
    return Answer(_command(call).payload())


@_both("PATCH", "/{command_id}", refuses=(Refusal.UNKNOWN_COMMAND, Refusal.INVALID_FORM))
def edit_command(call: Call) -> Answer:
    """Change one command."""
    command = _command(call)
    call.house.commands.edit(command, call.form)
    return Answer(command.payload())


@_both("DELETE", "/{command_id}", refuses=(Refusal.UNKNOWN_COMMAND,))
def delete_command(call: Call) -> Answer:
    """Remove one command."""
    call.house.commands.remove(_command(call))
    return NOTHING
