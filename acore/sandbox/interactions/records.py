"""One interaction: its record, and what each side is told of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum, auto

from acore.sandbox import payloads
from acore.sandbox.interactions.command import Command
from acore.sandbox.interactions.kinds import NESTING, CommandType, Context, IntegrationType
from acore.sandbox.messages.files import MAX_FILE_BYTES
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json, as_objects
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Application, Channel, Guild, Message, User


class InteractionType(IntEnum):
    """What a person did."""

    APPLICATION_COMMAND = 2
    MESSAGE_COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class CallbackType(IntEnum):
    """How a bot answers first (Discord's documentation, "Interaction Callback Type")."""

    CHANNEL_MESSAGE = 4
    DEFERRED_CHANNEL_MESSAGE = 5
    DEFERRED_UPDATE_MESSAGE = 6
    UPDATE_MESSAGE = 7
    AUTOCOMPLETE_RESULT = 8
    MODAL = 9


class Stage(Enum):
    """How far an interaction has come."""

    WAITING = auto()
    ANSWERED = auto()
    FAILED = auto()


@dataclass(slots=True, eq=False)
class Interaction:
    """One thing a person did, until its token expires; it outlives the bot's connection."""

    id: str
    token: str
    type: InteractionType
    application: Application
    user: User
    channel: Channel
    guild: Guild | None
    data: Json
    nonce: str | None
    began_at: datetime
    command: Command | None = None
    source: Message | None = None
    triggered_by: "Interaction | None" = None
    modal: Json | None = None
    focused: Json | None = None
    """The option that is being typed, as its command declares it."""
    submission: "Interaction | None" = None
    """The interaction with which a person submitted the modal."""
    stage: Stage = Stage.WAITING
    original: Message | None = None
    timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether the bot may still answer for the first time."""
        return self.stage is Stage.WAITING

    @property
    def context(self) -> Context:
        """Where it happens: in a guild, in a direct message with the bot, or in another private channel."""
        return context_of(self.channel, self.application)

    @property
    def command_name(self) -> str | None:
        """The whole name of what was invoked, those of group and sub-command included."""
        if self.command is None:
            return None
        names, options = [self.command.name], as_objects(self.data.get("options"))
        while options and options[0]["type"] in NESTING:
            names.append(options[0]["name"])
            options = as_objects(options[0].get("options"))
        return " ".join(names)

    def settle(self) -> None:
        """Note that the bot has answered for the first time."""
        self.stage = Stage.ANSWERED
        if self.timer is not None:
            self.timer.cancel()


def context_of(channel: Channel, application: Application) -> Context:
    """Return what kind of place a channel is for an application."""
    if channel.guild_id is not None:
        return Context.GUILD
    is_with_bot = channel.type is ChannelType.DM and application.bot in channel.recipients
    return Context.BOT_DM if is_with_bot else Context.PRIVATE_CHANNEL


def for_bot(interaction: Interaction, origin: str) -> Json:
    """Return an interaction as its bot is told of it; *origin* is where files are read from."""
    guild, user = interaction.guild, interaction.user
    body: Json = {
        "id": interaction.id,
        "application_id": interaction.application.id,
        "type": int(interaction.type),
        "token": interaction.token,
        "version": 1,
        "channel_id": interaction.channel.id,
        "data": interaction.data,
        "locale": user.locale,
        "entitlements": [],
        "authorizing_integration_owners": _owners(interaction),
        "attachment_size_limit": MAX_FILE_BYTES,
    }
    body["context"] = int(interaction.context)
    if guild is None:
        bits = int(permissions.DIRECT_MESSAGES_MAY)
        body |= {"user": payloads.user(user), "app_permissions": str(bits)}
    else:
        locale = payloads.setting(guild, "preferred_locale")
        bits = permissions.in_channel(guild, guild.members[user.id], interaction.channel)
        bot = guild.members[interaction.application.bot.id]
        bot_bits = permissions.in_channel(guild, bot, interaction.channel)
        body |= {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": locale, "features": payloads.setting(guild, "features")},
            "guild_locale": locale,
            "member": {**payloads.member(guild.members[user.id]), "permissions": str(bits)},
            "app_permissions": str(bot_bits),
        }
    body["channel"] = payloads.partial_channel(interaction.channel, bits)
    if interaction.source is not None:
        body["message"] = payloads.message(interaction.source, origin)
    return body


def metadata(interaction: Interaction) -> Json:
    """Return what a message tells of the interaction it answers."""
    body: Json = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user": payloads.user(interaction.user),
        "authorizing_integration_owners": _owners(interaction),
    }
    if interaction.type is InteractionType.MESSAGE_COMPONENT and interaction.source is not None:
        body["interacted_message_id"] = interaction.source.id
    if interaction.command is not None and "target_id" in interaction.data:
        if interaction.command.type == CommandType.USER:
            body["target_user"] = interaction.data["resolved"]["users"][interaction.data["target_id"]]
        else:
            body["target_message_id"] = interaction.data["target_id"]
    if interaction.triggered_by is not None:
        body["triggering_interaction_metadata"] = metadata(interaction.triggered_by)
    return body


def _owners(interaction: Interaction) -> dict[str, str]:
    """Return who installed the application: the guild ("0" in a direct message with the bot), or the user."""
    if interaction.context is Context.PRIVATE_CHANNEL:
        return {str(int(IntegrationType.USER_INSTALL)): interaction.user.id}
    owner = "0" if interaction.guild is None else interaction.guild.id
    return {str(int(IntegrationType.GUILD_INSTALL)): owner}
