"""Records to the JSON that Discord sends, one file a noun."""

from acore.sandbox.payloads.applications import application
from acore.sandbox.payloads.audit import audit_entry, audit_log
from acore.sandbox.payloads.channels import (
    COUNTED_MEMBERS,
    channel,
    hidden_channel,
    overwrite,
    partial_channel,
    thread_member,
)
from acore.sandbox.payloads.emojis import emoji
from acore.sandbox.payloads.guilds import (
    ban,
    counts,
    guild,
    guild_create,
    integration,
    new_setting,
    own_guild,
    preview,
    role,
    setting,
)
from acore.sandbox.payloads.invites import invite, invite_create, usage
from acore.sandbox.payloads.messages import attachment, message, reaction_emoji
from acore.sandbox.payloads.presences import presence
from acore.sandbox.payloads.users import bare_member, member, message_member, own_user, user
from acore.sandbox.payloads.voice import voice_state
from acore.sandbox.payloads.webhooks import source, webhook

__all__ = [
    "COUNTED_MEMBERS",
    "application",
    "attachment",
    "audit_entry",
    "audit_log",
    "ban",
    "bare_member",
    "channel",
    "counts",
    "emoji",
    "guild",
    "guild_create",
    "hidden_channel",
    "integration",
    "invite",
    "invite_create",
    "member",
    "message",
    "message_member",
    "new_setting",
    "overwrite",
    "own_guild",
    "own_user",
    "partial_channel",
    "presence",
    "preview",
    "reaction_emoji",
    "role",
    "setting",
    "source",
    "thread_member",
    "usage",
    "user",
    "voice_state",
    "webhook",
]
