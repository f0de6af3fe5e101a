"""Guilds and roles, as Discord shows them."""

from collections.abc import Iterable

from acore.sandbox.payloads.channels import channel, hidden_channel
from acore.sandbox.payloads.emojis import emoji
from acore.sandbox.payloads.presences import presence
from acore.sandbox.payloads.users import member, user
from acore.sandbox.payloads.voice import voice_state
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application, Ban, Channel, Guild, Member, Role, VoiceState

NEW: Json = {
    "features": [],
    "icon": None,
    "description": None,
    "home_header": None,
    "splash": None,
    "discovery_splash": None,
    "banner": None,
    "application_id": None,
    "region": "deprecated",
    "afk_channel_id": None,
    "afk_timeout": 300,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "widget_enabled": False,
    "widget_channel_id": None,
    "verification_level": 0,
    "default_message_notifications": 0,
    "mfa_level": 0,
    "explicit_content_filter": 0,
    "max_presences": None,
    "max_members": 500_000,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "vanity_url_code": None,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "preferred_locale": "en-US",
    "rules_channel_id": None,
    "safety_alerts_channel_id": None,
    "public_updates_channel_id": None,
    "premium_progress_bar_enabled": False,
    "nsfw": False,
    "nsfw_level": 0,
    "incidents_data": None,
}
"""The settings of a guild that nobody has changed yet."""
PREVIEWED = (
    "id",
    "name",
    "icon",
    "description",
    "home_header",
    "splash",
    "discovery_splash",
    "features",
    "emojis",
    "stickers",
)


def setting(of: Guild, name: str) -> object:
    """Return one of a guild's settings, by Discord's name for it."""
    return of.settings.get(name, NEW[name])


def new_setting(name: str) -> object:
    """Return what a new guild has as this setting."""
    return NEW[name]


def role(of: Role) -> Json:
    """Return a role."""
    body: Json = {
        "id": of.id,
        "name": of.name,
        "permissions": str(of.permissions),
        "position": of.position,
        "color": of.color,
        "colors": {
            "primary_color": of.color,
            "secondary_color": of.secondary_color,
            "tertiary_color": of.tertiary_color,
        },
        "hoist": of.hoist,
        "managed": of.bot_id is not None,
        "mentionable": of.mentionable,
        "icon": of.icon,
        "unicode_emoji": of.unicode_emoji,
        "flags": 0,
    }
    if of.bot_id is not None:
        body["tags"] = {"bot_id": of.bot_id}
    return body


def guild(of: Guild) -> Json:
    """Return a guild as REST gives it."""
    return {
        **NEW,
        **of.settings,
        "id": of.id,
        "name": of.name,
        "owner_id": of.owner_id,
        "roles": [role(one) for one in of.roles.values()],
        "emojis": [emoji(one) for one in of.emojis.values()],
        "stickers": [],
    }


def counts(of: Guild) -> Json:
    """Return how many members a guild has, and how many of them are not offline."""
    online = [one for one in of.members.values() if one.user.presence["status"] != "offline"]
    return {"approximate_member_count": len(of.members), "approximate_presence_count": len(online)}


def preview(of: Guild) -> Json:
    """Return what those see of a guild who are not in it yet."""
    whole = guild(of)
    return {key: whole[key] for key in PREVIEWED} | counts(of)


def guild_create(
    of: Guild,
    *,
    seen_by: str,
    members: Iterable[Member],
    present: Iterable[Member],
    voices: Iterable[VoiceState],
    is_large: bool,
) -> Json:
    """Return a guild as the gateway announces it.

    Args:
        of: the guild.
        seen_by: the user of the session.
        members: those the session is shown.
        present: those whose presence it is shown.
        voices: the voice states it is shown.
        is_large: whether there are more members than the session wants to be told of unasked.
    """
    viewer = of.members[seen_by]
    channels = [
        channel(one, seen_by=seen_by) if permissions.may_view(of, viewer, one) else hidden_channel(one)
        for one in of.channels.values()
    ]
    threads = [one for one in of.threads.values() if _is_shown(of, one, viewer)]
    return {
        **guild(of),
        "joined_at": iso(of.members[seen_by].joined_at),
        "large": is_large,
        "unavailable": False,
        "member_count": len(of.members),
        "members": [member(one) for one in members],
        "channels": channels,
        "voice_states": [voice_state(one, of, with_member=False) for one in voices],
        "threads": [channel(one, seen_by=seen_by) for one in threads],
        "presences": [presence(one.user, of.id) for one in present],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _is_shown(of: Guild, thread: Channel, viewer: Member) -> bool:
    """Return whether GUILD_CREATE has this thread: active, and one that *viewer* may see."""
    is_active = thread.thread is not None and not thread.thread.is_archived
    return is_active and permissions.in_channel(of, viewer, thread) != 0


def own_guild(of: Guild, who: Member) -> Json:
    """Return a guild in the list of those somebody is in."""
    return {
        "id": of.id,
        "name": of.name,
        "icon": setting(of, "icon"),
        "banner": setting(of, "banner"),
        "owner": of.owner_id == who.user.id,
        "permissions": str(permissions.of_member(of, who)),
        "features": setting(of, "features"),
    }


def ban(of: Ban) -> Json:
    """Return a ban."""
    return {"user": user(of.user), "reason": of.reason}


def integration(of: Application) -> Json:
    """Return the integration of a bot in a guild, which has its application's id."""
    return {
        "id": of.id,
        "type": "discord",
        "name": of.name,
        "enabled": True,
        "account": {"id": of.id, "name": of.name},
        "scopes": ["applications.commands", "bot"],
        "application": {
            "id": of.id,
            "name": of.name,
            "icon": of.settings.get("icon"),
            "description": of.description,
            "summary": "",  # undescribed and always empty, but nextcord needs it
            "type": None,
            "bot": user(of.bot),
        },
    }
