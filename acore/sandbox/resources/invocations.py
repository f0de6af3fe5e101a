"""What people do with applications: invoke commands, ask for suggestions, press components, submit modals."""

from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.fields import Fields
from acore.sandbox.interactions import modals, options, selections
from acore.sandbox.interactions.command import Command
from acore.sandbox.interactions.kinds import Context
from acore.sandbox.interactions.records import InteractionType, context_of
from acore.sandbox.interactions.resolver import Resolver, SentFiles
from acore.sandbox.messages import components
from acore.sandbox.refusals import ApiError, FormErrors, Refusal, invalid
from acore.sandbox.shapes import Json, as_int, as_object, as_snowflake
from acore.sandbox.state.kinds import WITH_MESSAGES
from acore.sandbox.state.records import Application, Channel

routes = Routes()


@routes.on(
    "POST",
    "/interactions",
    Audience.PERSON,
    refuses=(
        Refusal.UNKNOWN_APPLICATION,
        Refusal.UNKNOWN_CHANNEL,
        Refusal.UNKNOWN_MESSAGE,
        Refusal.MISSING_ACCESS,
        Refusal.MISSING_PERMISSIONS,
        Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
        Refusal.INVALID_FORM,
    ),
)
def interact(call: Call) -> Answer:
    """Begin an interaction; the answer comes over the gateway."""
    world, form = call.world, call.form
    application = world.applications.get(as_snowflake(form.get("application_id")) or "")
    if application is None:
        raise ApiError(Refusal.UNKNOWN_APPLICATION)
    channel = world.channel_for(as_snowflake(form.get("channel_id")) or "", call.caller.id)
    guild_id = as_snowflake(form.get("guild_id"))
    if guild_id is not None and guild_id != channel.guild_id:
        raise invalid(("guild_id",), "The channel is not in this guild")
    if channel.type not in WITH_MESSAGES:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    guild = world.guild_of(channel)
    if guild is not None and application.bot.id not in guild.members:
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


def _nonce(call: Call) -> str | None:
    nonce = call.form.get("nonce")
    return None if nonce is None else str(nonce)


def _resolver(call: Call, channel: Channel, data: Json) -> Resolver:
    messages = call.house.messages
    files = SentFiles(messages, call.caller, channel, data, call.uploads)
    return Resolver(world=call.world, messages=messages, user=call.caller, channel=channel, files=files)


def _invoke(call: Call, application: Application, channel: Channel, *, is_typing: bool) -> None:
    data = as_object(call.form.get("data"))
    command = _usable_command(call, application, channel, data)
    reader = options.InvocationReader(command, _resolver(call, channel, data), is_typing=is_typing)
    read = reader.read(data)
    call.house.interactions.begin(
        InteractionType.AUTOCOMPLETE if is_typing else InteractionType.APPLICATION_COMMAND,
        application,
        call.caller,
        channel,
        read,
        nonce=_nonce(call),
        command=command,
        focused=reader.focused,
    )


def _usable_command(call: Call, application: Application, channel: Channel, data: Json) -> Command:
    """Return the command that is invoked.

    Raises:
        ApiError: there is none in this place with this id, or the caller may not use it here.
    """
    commands, context = call.house.commands, context_of(channel, application)
    usable = commands.usable(application.id, context, channel.guild_id)
    command = next((one for one in usable if one.id == str(data.get("id"))), None)
    if command is None:
        message = "This command does not exist"
        raise invalid(("data", "id"), message)
    if context is Context.GUILD and not may_use_in(call, command, channel):
        raise ApiError(Refusal.MISSING_PERMISSIONS)
    return command


def may_use_in(call: Call, command: Command, channel: Channel) -> bool:
    """Return whether the caller may use a command in a channel of a guild.

    One marked as age-restricted works in age-restricted channels alone (Discord's documentation,
    "Age-Restricted Commands").
    """
    guild = call.world.guild_of(channel)
    if guild is None:
        return True
    place = guild.channels.get(channel.parent_id or "", channel) if channel.is_thread else channel
    if command.body["nsfw"] and not place.nsfw:
        return False
    member = guild.members[call.caller.id]
    return call.house.commands.permissions.allow(command, guild, member, channel)


def _press(call: Call, application: Application, channel: Channel) -> None:
    data = as_object(call.form.get("data"))
    message = channel.messages.get(as_snowflake(call.form.get("message_id")) or "")
    if message is None or not message.is_visible_to(call.caller.id):
        raise ApiError(Refusal.UNKNOWN_MESSAGE)
    if application.id != message.application_id and message.author is not application.bot:
        raise ApiError(Refusal.UNKNOWN_MESSAGE)
    component = components.find(message.components, data.get("custom_id"))
    if component is None or component.get("disabled"):
        raise invalid(("data", "custom_id"), "Component validation failed")
    if as_int(data.get("component_type"), component["type"]) != component["type"]:
        raise invalid(("data", "component_type"), "Component validation failed")
    read: Json = {
        "id": component["id"],
        "custom_id": component["custom_id"],
        "component_type": component["type"],
    }
    if component["type"] in components.SELECTS:
        read |= _selected(call, channel, component, data)
    call.house.interactions.begin(
        InteractionType.MESSAGE_COMPONENT,
        application,
        call.caller,
        channel,
        read,
        nonce=_nonce(call),
        source=message,
    )


def _selected(call: Call, channel: Channel, component: Json, data: Json) -> Json:
    """Return the values a person picked, with what they stand for.

    Raises:
        ApiError: code 50035, too few or too many, or nothing that can be picked.
    """
    errors = FormErrors()
    resolver = _resolver(call, channel, data)
    values = selections.read(component, Fields(data, errors, ("data",)), resolver)
    errors.raise_any()
    return {"values": values} | ({"resolved": resolver.found} if resolver.found else {})


def _submit(call: Call, application: Application, channel: Channel) -> None:
    data = as_object(call.form.get("data"))
    shown_by = call.house.interactions.of_modal(data.get("custom_id"), call.caller, data.get("id"))
    read = modals.filled_in(shown_by.modal or {}, data, _resolver(call, channel, data))
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
