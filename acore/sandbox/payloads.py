"""Records to the JSON that Discord sends."""

from acore.sandbox.permissions import rules as permissions
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import (
    Application,
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Member,
    Message,
    MessageType,
    Role,
    User,
)


def user(of: User) -> Json:
    """Return the public face of a user; people have the discriminator "0", bots still four digits."""
    return {
        "id": of.id,
        "username": of.username,
        "global_name": None,
        "discriminator": "0001" if of.bot else "0",
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "bot": of.bot,
        "system": False,
        "flags": 0,
        "public_flags": 0,
        "primary_guild": None,
    }


def own_user(of: User) -> Json:
    """Return a user as it sees itself."""
    return {
        **user(of),
        "mfa_enabled": of.bot,
        "locale": of.locale,
        "verified": True,
        "email": None,
    }


def role(of: Role) -> Json:
    """Return a role."""
    body: Json = {
        "id": of.id,
        "name": of.name,
        "permissions": str(of.permissions),
        "position": of.position,
        "color": of.color,
        "colors": {"primary_color": of.color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": of.bot_id is not None,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if of.bot_id is not None:
        body["tags"] = {"bot_id": of.bot_id}
    return body


def bare_member(of: Member) -> Json:
    """Return a member as it appears where the user stands beside it, and without voice."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": iso(of.joined_at),
        "nick": of.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(of.role_ids),
    }


def message_member(of: Member) -> Json:
    """Return the member that accompanies a message's author."""
    return {**bare_member(of), "deaf": False, "mute": False}


def member(of: Member) -> Json:
    """Return a whole member."""
    return {**message_member(of), "user": user(of.user)}


def channel(of: Channel, *, seen_by: str) -> Json:
    """Return a channel; in a direct message the one who looks is no recipient."""
    if of.type is ChannelType.DM:
        return {
            "id": of.id,
            "type": int(of.type),
            "flags": 0,
            "last_message_id": of.last_message_id,
            "recipients": [user(who) for who in of.recipients if who.id != seen_by],
        }
    return {
        "id": of.id,
        "type": int(of.type),
        "guild_id": of.guild_id,
        "name": of.name,
        "position": of.position,
        "topic": of.topic,
        "flags": 0,
        "nsfw": False,
        "parent_id": None,
        "last_message_id": of.last_message_id,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
    }


def partial_channel(of: Channel, bits: int) -> Json:
    """Return a channel as an interaction carries it, with the permissions someone has in it."""
    if of.type is ChannelType.DM:
        return {"id": of.id, "type": int(of.type), "permissions": str(bits)}
    return {**channel(of, seen_by=""), "permissions": str(bits)}


def guild(of: Guild) -> Json:
    """Return a guild as REST gives it."""
    return {
        "id": of.id,
        "name": of.name,
        "owner_id": of.owner_id,
        "roles": [role(one) for one in of.roles.values()],
        "emojis": [],
        "stickers": [],
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


def guild_create(of: Guild, *, seen_by: str, with_members: bool, large_threshold: int) -> Json:
    """Return a guild as the gateway announces it.

    Args:
        of: the guild.
        seen_by: the user of the session; always among the members.
        with_members: whether the session's intents let it see the others.
        large_threshold: above so many members they are left out, to be asked for with op 8.
    """
    is_large = len(of.members) > large_threshold
    everyone = with_members and not is_large
    shown = [one for one in of.members.values() if everyone or one.user.id == seen_by]
    channels = [channel(one, seen_by=seen_by) for one in of.channels.values()]
    return {
        **guild(of),
        "joined_at": iso(of.members[seen_by].joined_at),
        "large": is_large,
        "unavailable": False,
        "member_count": len(of.members),
        "members": [member(one) for one in shown],
        "channels": channels,
        "voice_states": [],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def own_guild(of: Guild, who: Member) -> Json:
    """Return a guild in the list of those somebody is in."""
    return {
        "id": of.id,
        "name": of.name,
        "icon": None,
        "banner": None,
        "owner": of.owner_id == who.user.id,
        "permissions": str(permissions.of_member(of, who)),
        "features": [],
    }


def attachment(of: Attachment, origin: str) -> Json:
    """Return a file, to be read from the sandbox at *origin*."""
    url = f"{origin}/attachments/{of.channel_id}/{of.id}/{of.filename}"
    body: Json = {
        "id": of.id,
        "filename": of.filename,
        "size": len(of.data),
        "content_type": of.content_type,
        "url": url,
        "proxy_url": url,
    }
    if of.description is not None:
        body["description"] = of.description
    return body


def message(of: Message, origin: str, *, with_reply: bool = True) -> Json:
    """Return a message; *origin* is where its files are read from."""
    body: Json = {
        "id": of.id,
        "type": int(of.type),
        "channel_id": of.channel_id,
        "author": user(of.author),
        "content": of.content,
        "timestamp": iso(of.timestamp),
        "edited_timestamp": None if of.edited_timestamp is None else iso(of.edited_timestamp),
        "flags": int(of.flags),
        "embeds": of.embeds,
        "components": of.components,
        "attachments": [attachment(one, origin) for one in of.attachments],
        "mentions": [user(one) for one in of.mentions],
        "mention_roles": of.mention_role_ids,
        "mention_everyone": of.mention_everyone,
        "pinned": False,
        "tts": of.tts,
    }
    optional = {
        "nonce": of.nonce,
        "message_reference": of.reference,
        "application_id": of.application_id,
        "webhook_id": of.application_id,
        "interaction_metadata": of.interaction_metadata,
        "interaction": of.interaction,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    if of.type == MessageType.REPLY and with_reply:
        replied = of.replies_to
        body["referenced_message"] = None if replied is None else message(replied, origin, with_reply=False)
    return body


def application(of: Application, *, guild_count: int) -> Json:
    """Return an application as its own bot sees it."""
    install = {"scopes": ["applications.commands", "bot"], "permissions": "0"}
    return {
        "id": of.id,
        "name": of.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(of.bot),
        "rpc_origins": [],
        "bot_public": True,
        "bot_require_code_grant": False,
        "install_params": install,
        "integration_types_config": {"0": {"oauth2_install_params": install}},
        "verify_key": of.verify_key,
        "flags": int(of.flags),
        "flags_new": str(int(of.flags)),
        "tags": [],
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(of.owner),
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["applications.commands", "bot"],
    }
