"""The hand that changes something in a guild: whose it is, and what it leaves in the audit log."""

from dataclasses import dataclass

from acore.sandbox.shapes import Json
from acore.sandbox.state import audit
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Guild, User
from acore.sandbox.state.world import World


@dataclass(frozen=True, slots=True)
class Hand:
    """Who changes something in a guild, and why; what is done by one is announced and written down."""

    world: World
    guild: Guild
    user: User
    reason: str | None = None

    def note(
        self,
        action: AuditAction,
        target_id: str | None,
        *,
        before: Json | None = None,
        after: Json | None = None,
        options: Json | None = None,
    ) -> None:
        """Write into the audit log what was *before* and is *after*."""
        audit.note(
            self.world,
            self.guild,
            action,
            self.user,
            target_id,
            reason=self.reason,
            changes=audit.changed(before or {}, after or {}),
            options=options,
        )
