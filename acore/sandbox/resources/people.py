"""What people's clients ask to know which commands there are."""

from collections.abc import Callable

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.interactions.command import Command
from acore.sandbox.interactions.kinds import Context, IntegrationType
from acore.sandbox.interactions.records import context_of
from acore.sandbox.refusals import Refusal
from acore.sandbox.resources.invocations import may_use_in
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application

routes = Routes()


@routes.on(
    "GET",
    "/guilds/{guild_id}/application-command-index",
    Audience.PERSON,
    refuses=(Refusal.UNKNOWN_GUILD,),
)
def get_guild_index(call: Call) -> Answer:
    """Return the commands the caller may use somewhere in a guild, and whose they are."""
    guild = call.guild()
    member = guild.members[call.caller.id]
    allow = call.house.commands.permissions.allow

    def of(application: Application) -> list[Command]:
        if application.bot.id not in guild.members:
            return []
        usable = call.house.commands.usable(application.id, Context.GUILD, guild.id)
        return [one for one in usable if allow(one, guild, member, None)]

    return _index(call, of)


@routes.on(
    "GET",
    "/channels/{channel_id}/application-command-index",
    Audience.PERSON,
    refuses=(Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS),
)
def get_channel_index(call: Call) -> Answer:
    """Return the commands the caller may use in one channel, also in a direct message, and whose they are."""
    channel = call.channel()
    guild = call.world.guild_of(channel)

    def of(application: Application) -> list[Command]:
        if guild is not None and application.bot.id not in guild.members:
            return []
        context = context_of(channel, application)
        usable = call.house.commands.usable(application.id, context, channel.guild_id)
        return [one for one in usable if may_use_in(call, one, channel)]

    return _index(call, of)


@routes.on("GET", "/users/@me/application-command-index", Audience.PERSON)
def get_own_index(call: Call) -> Answer:
    """Return the commands of applications that are installed for users, and whose they are."""

    def of(application: Application) -> list[Command]:
        listed = call.house.commands.listed(application.id, None)
        return [one for one in listed if IntegrationType.USER_INSTALL in one.integration_types]

    return _index(call, of)


def _index(call: Call, of: Callable[[Application], list[Command]]) -> Answer:
    """Return the commands that *of* gives for each application."""
    found = {one.id: of(one) for one in call.world.applications.values()}
    return Answer(
        {
            "applications": [_application(one) for one in call.world.applications.values() if found[one.id]],
            "application_commands": [one.payload() for listed in found.values() for one in listed],
        }
    )


def _application(application: Application) -> Json:
    return {
        "id": application.id,
        "name": application.name,
        "description": application.description,
        "icon": None,
        "bot": payloads.user(application.bot),
    }
