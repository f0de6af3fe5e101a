"""What only a person's client asks: which commands there are, and to invoke them."""

from acore.sandbox import payloads
from acore.sandbox.api.refusals import ApiError, Refusal, invalid
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.interactions import options
from acore.sandbox.interactions.commands import Command, may_use
from acore.sandbox.interactions.records import InteractionType
from acore.sandbox.messages import components
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json, as_int, as_list, as_object, as_objects, as_snowflake
from acore.sandbox.state.records import Application, Channel, Guild

routes = Routes()


@routes.on("GET", "/guilds/{guild_id}/application-command-index", Audience.PERSON)
def get_command_index(call: Call) -> Answer:
    """Return the commands the caller may use in a guild, and whose they are."""
    world = call.house.world
    guild = world.guild_for(call.path["guild_id"], call.caller.id)
    bits = permissions.of_member(guild, guild.members[call.caller.id])
    applications = [one for one in world.applications.values() if one.bot.id in guild.members]
    commands = [
        command
        for one in applications
        for command in call.house.commands.usable(one.id, guild.id)
        if may_use(command, bits)
    ]
    return Answer(
        {
            "applications": [_application(one) for one in applications],
            "application_commands": [one.payload() for one in commands],
        }
    )


@routes.on("GET", "/channels/{channel_id}/application-command-index", Audience.PERSON)
def get_direct_command_index(call: Call) -> Answer:
    """Return the commands the caller may use in a direct message with a bot, and whose they are."""
    world, channel = call.house.world, call.channel()
    if channel.guild_id is not None:
        raise ApiError(Refusal.UNKNOWN_CHANNEL)
    applications = [one for one in world.applications.values() if one.bot in channel.recipients]
    commands = [one for of in applications for one in call.house.commands.usable(of.id, None)]
    return Answer(
        {
            "applications": [_application(one) for one in applications],
            "application_commands": [one.payload() for one in commands],
        }
    )


@routes.on("POST", "/interactions", Audience.PERSON)
def interact(call: Call) -> Answer:
    """Invoke a command, ask for suggestions, press a component or submit a modal."""
    world, form = call.house.world, call.form
    application = world.applications.get(as_snowflake(form.get("application_id")) or "")
    if application is None:
        raise ApiError(Refusal.UNKNOWN_APPLICATION)
    channel = world.channel_for(as_snowflake(form.get("channel_id")) or "", call.caller.id)
    guild_id = as_snowflake(form.get("guild_id"))
    if guild_id is not None and guild_id != channel.guild_id:
        raise invalid(("guild_id",), "The channel is not in this guild")
    if application.bot.id not in world.audience(channel):
        raise ApiError(Refusal.MISSING_ACCESS)
    match as_int(form.get("type")):
        case InteractionType.APPLICATION_COMMAND:
            _invoke(call, application, channel, is_typing=False)
        case InteractionType.AUTOCOMPLETE:
            _invoke(call, application, channel, is_typing=True)
        case InteractionType.MESSAGE_COMPONENT:
            _press(call, application, channel)
        case InteractionType.MODAL_SUBMIT:
            _submit(call, application, channel)
        case _:
            raise invalid(("type",), "Value must be one of (2, 3, 4, 5).")
    return NOTHING


def _application(application: Application) -> Json:
    return {
        "id": application.id,
        "name": application.name,
        "description": "",
        "icon": None,
        "bot": payloads.user(application.bot),
    }


def _nonce(call: Call) -> str | None:
    nonce = call.form.get("nonce")
    return None if nonce is None else str(nonce)


def _invoke(call: Call, application: Application, channel: Channel, *, is_typing: bool) -> None:
    data = as_object(call.form.get("data"))
    guild = call.house.world.guild_of(channel)
    command = _usable_command(call, application, guild, data)
    resolver = _resolver(call, guild, channel)
    read = options.InvocationReader(command, resolver, is_typing=is_typing).read(data)
    kind = InteractionType.AUTOCOMPLETE if is_typing else InteractionType.APPLICATION_COMMAND
    call.house.interactions.begin(
        kind, application, call.caller, channel, read, nonce=_nonce(call), command=command
    )


def _resolver(call: Call, guild: Guild | None, channel: Channel) -> options.Resolver:
    messages = call.house.messages
    return options.Resolver(
        world=call.house.world,
        guild=guild,
        channel=channel,
        origin=messages.origin,
        find_attachment=messages.attachment,
    )


def _usable_command(call: Call, application: Application, guild: Guild | None, data: Json) -> Command:
    """Return the command that is invoked.

    Raises:
        ApiError: there is none here with this id, or the caller may not use it.
    """
    guild_id = None if guild is None else guild.id
    usable = call.house.commands.usable(application.id, guild_id)
    command = next((one for one in usable if one.id == str(data.get("id"))), None)
    if command is None:
        message = "This command does not exist"
        raise invalid(("data", "id"), message)
    if guild is not None:
        bits = permissions.of_member(guild, guild.members[call.caller.id])
        if not bits & permissions.Permission.USE_APPLICATION_COMMANDS or not may_use(command, bits):
            raise ApiError(Refusal.MISSING_PERMISSIONS)
    return command


def _press(call: Call, application: Application, channel: Channel) -> None:
    data = as_object(call.form.get("data"))
    message = channel.messages.get(as_snowflake(call.form.get("message_id")) or "")
    if message is None or not message.is_visible_to(call.caller.id) or message.author is not application.bot:
        raise ApiError(Refusal.UNKNOWN_MESSAGE)
    component = components.find(message.components, data.get("custom_id"))
    if component is None or component.get("disabled"):
        raise invalid(("data", "custom_id"), "Component validation failed")
    read: Json = {
        "id": component["id"],
        "custom_id": component["custom_id"],
        "component_type": component["type"],
    }
    if component["type"] in components.SELECTS:
        read |= _selected(call, channel, component, as_list(data.get("values")))
    call.house.interactions.begin(
        InteractionType.MESSAGE_COMPONENT,
        application,
        call.caller,
        channel,
        read,
        nonce=_nonce(call),
        source=message,
    )


def _selected(call: Call, channel: Channel, component: Json, sent: list[object]) -> Json:
    """Return the values a person picked, with what they stand for.

    Raises:
        ApiError: code 50035, too few or too many, or nothing that can be picked.
    """
    values = [str(one) for one in sent]
    if not component["min_values"] <= len(values) <= component["max_values"]:
        message = f"Must be between {component['min_values']} and {component['max_values']} in length."
        raise invalid(("data", "values"), message)
    resolver = _resolver(call, call.house.world.guild_of(channel), channel)
    offered = {one.get("value") for one in as_objects(component.get("options"))}
    finders = {
        components.ComponentType.STRING_SELECT: offered.__contains__,
        components.ComponentType.USER_SELECT: resolver.user,
        components.ComponentType.ROLE_SELECT: resolver.role,
        components.ComponentType.MENTIONABLE_SELECT: resolver.mentionable,
        components.ComponentType.CHANNEL_SELECT: resolver.place,
    }
    find = finders[component["type"]]
    if not all(find(one) for one in values):
        raise invalid(("data", "values"), "Not one of the options")
    return {"values": values} | ({"resolved": resolver.found} if resolver.found else {})


def _submit(call: Call, application: Application, channel: Channel) -> None:
    data = as_object(call.form.get("data"))
    shown_by = call.house.interactions.of_modal(data.get("custom_id"), call.caller, data.get("id"))
    modal = shown_by.modal or {}
    read: Json = {
        "custom_id": modal["custom_id"],
        "components": components.filled_in(
            as_objects(modal["components"]), as_objects(data.get("components"))
        ),
    }
    call.house.interactions.begin(
        InteractionType.MODAL_SUBMIT,
        application,
        call.caller,
        channel,
        read,
        nonce=_nonce(call),
        source=shown_by.source,
        triggered_by=shown_by,
    )
