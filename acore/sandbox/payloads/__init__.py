"""Records to the JSON that Discord sends, one file a noun."""

from acore.sandbox.payloads.applications import application
from acore.sandbox.payloads.audit import audit_entry
from acore.sandbox.payloads.channels import channel, partial_channel
from acore.sandbox.payloads.guilds import guild, guild_create, own_guild, role
from acore.sandbox.payloads.messages import attachment, message
from acore.sandbox.payloads.users import bare_member, member, message_member, own_user, user

__all__ = [
    "application",
    "attachment",
    "audit_entry",
    "bare_member",
    "channel",
    "guild",
    "guild_create",
    "member",
    "message",
    "message_member",
    "own_guild",
    "own_user",
    "partial_channel",
    "role",
    "user",
]
