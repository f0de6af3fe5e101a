"""What ids and moments are called where a person reads them."""

from dataclasses import dataclass, field
from datetime import datetime

from acore.sandbox.person.places import Places
from acore.sandbox.shapes import Json, as_object, as_objects

UNITS = (
    (31_536_000, "year"),
    (2_592_000, "month"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
    (1, "second"),
)
# Discord's documentation, "Timestamp Styles".
MOMENTS = {
    "t": "%H:%M",
    "T": "%H:%M:%S",
    "d": "%d/%m/%Y",
    "D": "%d %B %Y",
    "f": "%d %b %Y %H:%M",
    "F": "%A, %d %B %Y %H:%M",
}


@dataclass(slots=True)
class Names:
    """Names by id, and the moment from which relative times are counted."""

    users: dict[str, str] = field(default_factory=dict[str, str])
    roles: dict[str, str] = field(default_factory=dict[str, str])
    channels: dict[str, str] = field(default_factory=dict[str, str])
    now: datetime | None = None

    def in_message(self, message: Json) -> "Names":
        """Return them with those a message brings along.

        Times are counted from when it was written or last edited: that is when it is seen first.
        """
        mentioned = {str(one.get("id")): called(one) for one in as_objects(message.get("mentions"))}
        at = message.get("edited_timestamp") or message.get("timestamp")
        now = datetime.fromisoformat(at) if isinstance(at, str) else self.now
        return Names({**mentioned, **self.users}, self.roles, self.channels, now)

    def user(self, user_id: str) -> str:
        """Return how a mention of a user reads."""
        return f"@{self.users.get(user_id, user_id)}"

    def role(self, role_id: str) -> str:
        """Return how a mention of a role reads."""
        name = self.roles.get(role_id, role_id)
        return name if name.startswith("@") else f"@{name}"

    def channel(self, channel_id: str) -> str:
        """Return how a mention of a channel reads."""
        return f"#{self.channels.get(channel_id, channel_id)}"

    def moment(self, seconds: int, how: str | None) -> str | None:
        """Return how a timestamp mark reads; None if there is no such moment.

        Args:
            seconds: since 1970.
            how: one of Discord's letters; None for its default.
        """
        try:
            moment = datetime.fromtimestamp(seconds).astimezone()
        except (ValueError, OverflowError, OSError):
            return None
        if how == "R" and self.now is not None:
            return relative((moment - self.now).total_seconds())
        return moment.strftime(MOMENTS.get(how or "f", MOMENTS["f"]))


def of_places(places: Places) -> Names:
    """Return the names of everything a person sees."""
    names = Names(users={key: called(one) for key, one in places.users.items()})
    for guild_id in places.guilds:
        names.roles |= {str(one["id"]): str(one.get("name")) for one in places.roles(guild_id)}
        names.channels |= {str(one["id"]): str(one.get("name")) for one in places.channels(guild_id)}
        nicks = {one["user"]["id"]: one["nick"] for one in places.members(guild_id) if one.get("nick")}
        names.users |= {str(key): str(nick) for key, nick in nicks.items()}
    return names


def called(user: Json) -> str:
    """Return what a user is called."""
    return str(user.get("global_name") or user.get("username") or "somebody")


def place_name(places: Places, channel_id: str) -> str:
    """Return what a channel is called: #general, or @who for a direct message."""
    channel = places.channel(channel_id)
    if channel_id in places.direct:
        return "@" + ", ".join(called(one) for one in as_objects(channel.get("recipients")))
    return f"#{channel.get('name') or channel_id}"


def author_of(message: Json) -> str:
    """Return who wrote a message."""
    return called(as_object(message.get("author")))


def written(value: object, how: str) -> str:
    """Return an ISO moment in local time; nothing if there is none."""
    if not isinstance(value, str):
        return ""
    try:
        return datetime.fromisoformat(value).astimezone().strftime(how)
    except ValueError:
        return ""


def relative(seconds: float) -> str:
    """Return how far away a moment is: in 2 days, 5 seconds ago."""
    size, unit = next((one for one in UNITS if abs(seconds) >= one[0]), UNITS[-1])
    count = round(abs(seconds) / size)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


def size(count: int) -> str:
    """Return a file's size in the unit a person would use."""
    for unit, bytes_each in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= bytes_each:
            return f"{count / bytes_each:.1f} {unit}"
    return f"{count} bytes"
