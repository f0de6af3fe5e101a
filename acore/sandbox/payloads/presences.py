"""How somebody is there, as Discord shows it."""

from acore.sandbox.shapes import Json
from acore.sandbox.state.records import User


def presence(of: User, guild_id: str) -> Json:
    """Return the presence of a user in a guild; bots are always seen on the web."""
    status = of.presence["status"]
    client = "web" if of.bot else "desktop"
    return {
        "user": {"id": of.id},
        "guild_id": guild_id,
        "status": status,
        "activities": of.presence["activities"],
        "client_status": {} if status == "offline" else {client: status},
    }
