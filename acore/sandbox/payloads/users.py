"""Users and members, as Discord shows them."""

from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Member, User


def user(of: User) -> Json:
    """Return the public face of a user; people have the discriminator "0", bots still four digits."""
    return {
        "id": of.id,
        "username": of.username,
        "global_name": of.global_name,
        "discriminator": "0000" if of.is_webhook else "0001" if of.bot else "0",
        "avatar": of.avatar,
        "avatar_decoration_data": None,
        "banner": of.banner,
        "accent_color": None,
        "bot": of.bot,
        "system": False,
        "flags": 0,
        "public_flags": 0,
        "primary_guild": None,
    }


def own_user(of: User) -> Json:
    """Return a user as it sees itself."""
    return {
        **user(of),
        "mfa_enabled": of.bot,
        "locale": of.locale,
        "verified": True,
        "email": None,
    }


def bare_member(of: Member) -> Json:
    """Return a member as it appears where the user stands beside it, and without voice."""
    return {
        "avatar": of.avatar,
        "banner": of.banner,
        "communication_disabled_until": None if of.timed_out_until is None else iso(of.timed_out_until),
        "flags": of.flags,
        "joined_at": iso(of.joined_at),
        "nick": of.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(of.role_ids),
    }


def message_member(of: Member) -> Json:
    """Return the member that accompanies a message's author."""
    return {**bare_member(of), "deaf": of.deaf, "mute": of.mute}


def member(of: Member) -> Json:
    """Return a whole member."""
    return {**message_member(of), "user": user(of.user)}
