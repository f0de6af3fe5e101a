"""Audit log entries, as Discord shows them."""

from acore.sandbox.shapes import Json
from acore.sandbox.state.records import AuditEntry


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
