"""What users say of themselves: their status and what they are doing."""

from dataclasses import dataclass, field

from acore.sandbox import realtime
from acore.sandbox.gateway.codes import CloseCode, ProtocolError
from acore.sandbox.shapes import Json, as_int, as_list, as_object

STATUSES = frozenset({"online", "idle", "dnd", "invisible", "offline"})
SHOWN: dict[str, type] = {
    "name": str,
    "url": str,
    "state": str,
    "details": str,
    "emoji": dict,
    "timestamps": dict,
    "assets": dict,
    "party": dict,
    "flags": int,
}
"""What others see of an activity besides its type; what is of another kind is left out."""
MAX_TYPE = 5  # competing; after it come none (Discord's documentation, "Activity Types")


@dataclass(frozen=True, slots=True)
class Presence:
    """A status and activities, as others see them."""

    status: str = "online"
    activities: list[Json] = field(default_factory=list[Json])

    def shown(self) -> Json:
        """Return it as a user's record has it; of somebody invisible nothing is seen."""
        if self.status in {"invisible", "offline"}:
            return {"status": "offline", "activities": []}
        return {"status": self.status, "activities": self.activities}


def read_presence(value: object) -> Presence:
    """Return the presence that an op 3 or an IDENTIFY says.

    Raises:
        ProtocolError: it is no presence, or has a status that does not exist.
    """
    if not isinstance(value, dict):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    data = as_object(value)  # pyright: ignore[reportUnknownArgumentType] - JSON's keys are text
    status = data.get("status") or "online"  # nextcord's IDENTIFY has null if only an activity was given
    if not isinstance(status, str) or status not in STATUSES:
        raise ProtocolError(CloseCode.DECODE_ERROR)
    activities: object = data.get("activities")
    if activities is None:
        # nextcord's IDENTIFY names its activity `game`, as the gateway did before version 8.
        activities = [] if data.get("game") is None else [data["game"]]
    if not isinstance(activities, list):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    return Presence(status, [_activity(one) for one in as_list(activities)])  # pyright: ignore[reportUnknownArgumentType]


def _activity(value: object) -> Json:
    if not isinstance(value, dict):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    activity = as_object(value)  # pyright: ignore[reportUnknownArgumentType] - as above
    kind = as_int(activity.get("type"), -1)
    if not isinstance(activity.get("name"), str) or not 0 <= kind <= MAX_TYPE:
        raise ProtocolError(CloseCode.DECODE_ERROR)
    given = {key: activity.get(key) for key in SHOWN}
    shown: Json = {key: value for key, value in given.items() if isinstance(value, SHOWN[key])}
    return {"created_at": int(realtime.now().timestamp() * 1000), **shown, "type": kind}
