"""Which events a bot asked to hear, and what of a message it may read.

After Discord's documentation, "Gateway Intents".
"""

from enum import IntFlag

from acore.sandbox.shapes import Json, as_list, as_object, as_objects
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

_REACTIONS = (
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI",
)
_POLLS = ("MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE")
_GUILD_EVENTS: dict[Intent, tuple[str, ...]] = {
    Intent.GUILDS: (
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
        "STAGE_INSTANCE_CREATE",
        "STAGE_INSTANCE_UPDATE",
        "STAGE_INSTANCE_DELETE",
        "VOICE_CHANNEL_STATUS_UPDATE",
    ),
    Intent.GUILD_MEMBERS: (
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "THREAD_MEMBERS_UPDATE",
    ),
    Intent.GUILD_MODERATION: ("GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE"),
    Intent.GUILD_EXPRESSIONS: (
        "GUILD_EMOJIS_UPDATE",
        "GUILD_STICKERS_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_CREATE",
        "GUILD_SOUNDBOARD_SOUND_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_DELETE",
        "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    ),
    Intent.GUILD_INTEGRATIONS: (
        "GUILD_INTEGRATIONS_UPDATE",
        "INTEGRATION_CREATE",
        "INTEGRATION_UPDATE",
        "INTEGRATION_DELETE",
    ),
    Intent.GUILD_WEBHOOKS: ("WEBHOOKS_UPDATE",),
    Intent.GUILD_INVITES: ("INVITE_CREATE", "INVITE_DELETE"),
    Intent.GUILD_VOICE_STATES: ("VOICE_STATE_UPDATE", "VOICE_CHANNEL_EFFECT_SEND"),
    Intent.GUILD_PRESENCES: ("PRESENCE_UPDATE",),
    Intent.GUILD_MESSAGES: ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"),
    Intent.GUILD_MESSAGE_REACTIONS: _REACTIONS,
    Intent.GUILD_MESSAGE_TYPING: ("TYPING_START",),
    Intent.GUILD_SCHEDULED_EVENTS: (
        "GUILD_SCHEDULED_EVENT_CREATE",
        "GUILD_SCHEDULED_EVENT_UPDATE",
        "GUILD_SCHEDULED_EVENT_DELETE",
        "GUILD_SCHEDULED_EVENT_USER_ADD",
        "GUILD_SCHEDULED_EVENT_USER_REMOVE",
    ),
    Intent.AUTO_MODERATION_CONFIGURATION: (
        "AUTO_MODERATION_RULE_CREATE",
        "AUTO_MODERATION_RULE_UPDATE",
        "AUTO_MODERATION_RULE_DELETE",
    ),
    Intent.AUTO_MODERATION_EXECUTION: ("AUTO_MODERATION_ACTION_EXECUTION",),
    Intent.GUILD_MESSAGE_POLLS: _POLLS,
}
_DIRECT_EVENTS: dict[Intent, tuple[str, ...]] = {
    Intent.DIRECT_MESSAGES: ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_PINS_UPDATE"),
    Intent.DIRECT_MESSAGE_REACTIONS: _REACTIONS,
    Intent.DIRECT_MESSAGE_TYPING: ("TYPING_START",),
    Intent.DIRECT_MESSAGE_POLLS: _POLLS,
}


def _by_event(table: dict[Intent, tuple[str, ...]]) -> dict[str, int]:
    """Return the intents of which each event needs one."""
    needed: dict[str, int] = {}
    for intent, events in table.items():
        for event in events:
            needed[event] = needed.get(event, 0) | intent
    return needed


_IN_GUILDS = _by_event(_GUILD_EVENTS)
_IN_DIRECT_MESSAGES = _by_event(_DIRECT_EVENTS)
_HIDDEN: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def are_valid(intents: int) -> bool:
    """Return whether every bit is an intent."""
    return intents >= 0 and not intents & ~int(ALL)  # ~ALL would be 0: flags invert within what is named


def are_allowed(intents: int, application_flags: int) -> bool:
    """Return whether the application may ask for the privileged ones among *intents*."""
    return all(application_flags & needed for intent, needed in PRIVILEGED.items() if intents & intent)


def wants(intents: int, event: str, payload: Json, user_id: str) -> bool:
    """Return whether a bot with these intents hears of an event.

    Of itself as a member it always does. Of who joins or leaves a thread it hears with GUILD_MEMBERS; with
    GUILDS alone, only if it is among them.
    """
    if event == "GUILD_MEMBER_UPDATE" and as_object(payload.get("user")).get("id") == user_id:
        return True
    if event == "THREAD_MEMBERS_UPDATE" and not intents & Intent.GUILD_MEMBERS:
        return bool(intents & Intent.GUILDS) and user_id in _who_moved(payload)
    table = _IN_GUILDS if event.startswith("GUILD_") or "guild_id" in payload else _IN_DIRECT_MESSAGES
    needed = table.get(event)
    return needed is None or bool(intents & needed)


def as_read_by(intents: int, event: str, payload: Json, user_id: str) -> Json:
    """Return an event's data without what the bot may not see; the same object if it may see everything.

    Without MESSAGE_CONTENT a bot still reads its own messages, those that mention it, and direct messages;
    without GUILD_MEMBERS it hears only of itself in threads.
    """
    if event == "THREAD_MEMBERS_UPDATE" and not intents & Intent.GUILD_MEMBERS:
        added = [one for one in as_objects(payload.get("added_members")) if one.get("user_id") == user_id]
        removed = [one for one in as_list(payload.get("removed_member_ids")) if one == user_id]
        return {**payload, "added_members": added, "removed_member_ids": removed}
    if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or intents & Intent.MESSAGE_CONTENT:
        return payload
    return payload if "guild_id" not in payload else without_content(payload, user_id)


def without_content(message: Json, user_id: str) -> Json:
    """Return a message as a bot without MESSAGE_CONTENT sees it, also those it answers or forwards."""
    is_own = as_object(message.get("author")).get("id") == user_id
    is_mentioned = any(one.get("id") == user_id for one in as_objects(message.get("mentions")))
    shown = message
    if not is_own and not is_mentioned:
        shown = {key: _HIDDEN.get(key, value) for key, value in message.items() if key != "poll"}
    answered = as_object(message.get("referenced_message"))
    if answered:
        seen = without_content(answered, user_id)
        shown = shown if seen is answered else {**shown, "referenced_message": seen}
    snapshots = as_objects(message.get("message_snapshots"))
    if snapshots and shown is not message:
        bare = [{**one, "message": {**as_object(one.get("message")), **_HIDDEN}} for one in snapshots]
        shown = {**shown, "message_snapshots": bare}
    return shown


def _who_moved(payload: Json) -> set[object]:
    added = {one.get("user_id") for one in as_objects(payload.get("added_members"))}
    return added | set(as_list(payload.get("removed_member_ids")))
