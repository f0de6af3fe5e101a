"""Who did what."""

from acore.events.base import Event
from acore.events.catalog import wire
from acore.events.personal import FreeText


@wire("audit.noted")
class AuditNoted(Event):
    """An entry for the audit log: an attempt, a denial, or an outcome."""

    who: str
    action: str
    target: str
    outcome: str
    rule: str = ""
    interaction: int = 0
    where: str = ""
    reason: FreeText = ""
