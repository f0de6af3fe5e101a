"""One interaction: its record, and what each side is told of it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum, auto

from acore.sandbox import payloads
from acore.sandbox.interactions.commands import Command
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application, Channel, Guild, Message, User

ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024


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
    stage: Stage = Stage.WAITING
    original: Message | None = None
    timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether the bot may still answer for the first time."""
        return self.stage is Stage.WAITING


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
        "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
    }
    if guild is None:
        bits = int(permissions.DIRECT_MESSAGES_MAY)
        body |= {"user": payloads.user(user), "app_permissions": str(bits), "context": 1}
    else:
        bits = permissions.of_member(guild, guild.members[user.id])
        bot_bits = permissions.of_member(guild, guild.members[interaction.application.bot.id])
        body |= {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": {**payloads.member(guild.members[user.id]), "permissions": str(bits)},
            "app_permissions": str(bot_bits),
            "context": 0,
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
    if interaction.triggered_by is not None:
        body["triggering_interaction_metadata"] = metadata(interaction.triggered_by)
    return body


def _owners(interaction: Interaction) -> dict[str, str]:
    """Return who authorized the application here: the guild, or in a direct message "0" for any guild."""
    return {"0": "0" if interaction.guild is None else interaction.guild.id}
