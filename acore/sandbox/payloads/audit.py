"""Audit log entries, as Discord shows them."""

from collections.abc import Iterable

from acore.sandbox.payloads.channels import channel
from acore.sandbox.payloads.users import user
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import AuditEntry, Channel, User


def audit_entry(of: AuditEntry) -> Json:
    """Return an entry of a guild's audit log."""
    body: Json = {
        "id": of.id,
        "action_type": int(of.action),
        "user_id": of.user_id,
        "target_id": of.target_id,
    }
    if of.changes:
        body["changes"] = of.changes
    if of.options is not None:
        body["options"] = of.options
    if of.reason is not None:
        body["reason"] = of.reason
    return body


def audit_log(entries: Iterable[AuditEntry], users: Iterable[User], threads: Iterable[Channel]) -> Json:
    """Return a part of a guild's audit log, with the users and threads that it names."""
    return {
        "audit_log_entries": [audit_entry(one) for one in entries],
        "users": [user(one) for one in users],
        "threads": [channel(one, seen_by="") for one in threads],
        "application_commands": [],
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
        "integrations": [],
        "webhooks": [],
    }
