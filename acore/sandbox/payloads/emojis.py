"""Emojis, as Discord shows them."""

from acore.sandbox.payloads.users import user
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Emoji


def emoji(of: Emoji, *, with_creator: bool = False) -> Json:
    """Return an emoji; only who may manage them sees who made it."""
    body: Json = {
        "id": of.id,
        "name": of.name,
        "roles": list(of.role_ids),
        "require_colons": True,
        "managed": False,
        "animated": of.animated,
        "available": True,
    }
    return {**body, "user": user(of.creator)} if with_creator else body
