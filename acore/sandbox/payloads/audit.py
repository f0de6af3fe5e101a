"""Audit log entries, as Discord shows them."""

from collections.abc import Iterable

from acore.sandbox.payloads.channels import channel
from acore.sandbox.payloads.users import user
from acore.sandbox.payloads.webhooks import webhook
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import AuditEntry, Channel, User, Webhook


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


def audit_log(
    entries: Iterable[AuditEntry],
    *,
    users: Iterable[User],
    threads: Iterable[Channel],
    webhooks: Iterable[Webhook],
    commands: Iterable[Json],
) -> Json:
    """Return a part of a guild's audit log, with what it names, as far as that is still there.

    Args:
        entries: the part.
        users: who did something, and to whom it was done.
        threads: those that were made or changed.
        webhooks: likewise.
        commands: those whose permissions were changed, as REST gives them.
    """
    return {
        "audit_log_entries": [audit_entry(one) for one in entries],
        "users": [user(one) for one in users],
        "threads": [channel(one, seen_by="") for one in threads],
        "application_commands": list(commands),
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
        "integrations": [],
        "webhooks": [webhook(one, "", with_token=False) for one in webhooks],
    }
