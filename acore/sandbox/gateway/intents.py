"""Which events a bot asked to hear, and what of a message it may read.

After Discord's documentation, "Gateway Intents".
"""

from enum import IntFlag

from acore.sandbox.shapes import Json, as_object, as_objects
from acore.sandbox.state.kinds import ApplicationFlag


class Intent(IntFlag):
    """The groups of events a bot can ask for."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL = Intent(sum(Intent))

PRIVILEGED: dict[Intent, int] = {
    Intent.GUILD_PRESENCES: ApplicationFlag.GATEWAY_PRESENCE | ApplicationFlag.GATEWAY_PRESENCE_LIMITED,
    Intent.GUILD_MEMBERS: ApplicationFlag.GATEWAY_GUILD_MEMBERS
    | ApplicationFlag.GATEWAY_GUILD_MEMBERS_LIMITED,
    Intent.MESSAGE_CONTENT: ApplicationFlag.GATEWAY_MESSAGE_CONTENT
    | ApplicationFlag.GATEWAY_MESSAGE_CONTENT_LIMITED,
}
"""Each privileged intent with the application flags of which one is needed."""

_IN_GUILDS = {
    **dict.fromkeys(
        (
            "GUILD_CREATE",
            "GUILD_UPDATE",
            "GUILD_DELETE",
            "GUILD_ROLE_CREATE",
            "GUILD_ROLE_UPDATE",
            "GUILD_ROLE_DELETE",
            "CHANNEL_CREATE",
            "CHANNEL_UPDATE",
            "CHANNEL_DELETE",
            "CHANNEL_PINS_UPDATE",
            "THREAD_CREATE",
            "THREAD_UPDATE",
            "THREAD_DELETE",
            "THREAD_LIST_SYNC",
            "THREAD_MEMBER_UPDATE",
            "THREAD_MEMBERS_UPDATE",
        ),
        Intent.GUILDS,
    ),
    **dict.fromkeys(("GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"), Intent.GUILD_MEMBERS),
    **dict.fromkeys(
        ("GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE"), Intent.GUILD_MODERATION
    ),
    "GUILD_EMOJIS_UPDATE": Intent.GUILD_EXPRESSIONS,
    "WEBHOOKS_UPDATE": Intent.GUILD_WEBHOOKS,
    **dict.fromkeys(("INVITE_CREATE", "INVITE_DELETE"), Intent.GUILD_INVITES),
    "VOICE_STATE_UPDATE": Intent.GUILD_VOICE_STATES,
    "PRESENCE_UPDATE": Intent.GUILD_PRESENCES,
    **dict.fromkeys(
        ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"), Intent.GUILD_MESSAGES
    ),
    **dict.fromkeys(
        (
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
        ),
        Intent.GUILD_MESSAGE_REACTIONS,
    ),
    "TYPING_START": Intent.GUILD_MESSAGE_TYPING,
}
_IN_DIRECT_MESSAGES = {
    **dict.fromkeys(
        ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_PINS_UPDATE"), Intent.DIRECT_MESSAGES
    ),
    **dict.fromkeys(
        (
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
        ),
        Intent.DIRECT_MESSAGE_REACTIONS,
    ),
    "TYPING_START": Intent.DIRECT_MESSAGE_TYPING,
}


def are_valid(intents: int) -> bool:
    """Return whether every bit is an intent."""
    return intents >= 0 and not intents & ~int(ALL)  # ~ALL would be 0: flags invert within what is named


def are_allowed(intents: int, application_flags: int) -> bool:
    """Return whether the application may ask for the privileged ones among *intents*."""
    return all(application_flags & needed for intent, needed in PRIVILEGED.items() if intents & intent)


def wants(intents: int, event: str, payload: Json, user_id: str) -> bool:
    """Return whether a bot with these intents hears of an event; of itself as a member it always does."""
    if event == "GUILD_MEMBER_UPDATE" and as_object(payload.get("user")).get("id") == user_id:
        return True
    table = _IN_GUILDS if event.startswith("GUILD_") or "guild_id" in payload else _IN_DIRECT_MESSAGES
    needed = table.get(event)
    return needed is None or bool(intents & needed)


def as_read_by(intents: int, event: str, payload: Json, user_id: str) -> Json:
    """Return a message without its content, if the bot may not read it.

    Without the intent a bot still reads its own messages, those that mention it, and direct messages.
    """
    if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or intents & Intent.MESSAGE_CONTENT:
        return payload
    is_own = as_object(payload.get("author")).get("id") == user_id
    is_mentioned = any(one.get("id") == user_id for one in as_objects(payload.get("mentions")))
    if is_own or is_mentioned or "guild_id" not in payload:
        return payload
    return {**payload, "content": "", "embeds": [], "attachments": [], "components": []}
