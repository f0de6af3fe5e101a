"""Making, changing and deleting emojis, of a guild or of an application."""

from collections.abc import Sequence

from acore.sandbox import payloads
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction
from acore.sandbox.state.records import Application, Emoji, Guild, Picture, User
from acore.sandbox.state.world import World


def create(hand: Hand, name: str, picture: Picture, *, role_ids: Sequence[str] = ()) -> Emoji:
    """Make an emoji of a guild, for those with one of these roles, or for all."""
    emoji = _new(hand.world, hand.guild, hand.user, name, picture)
    emoji.role_ids = list(role_ids)
    _announce(hand)
    hand.note(AuditAction.EMOJI_CREATE, emoji.id, after={"name": name})
    return emoji


def create_for(world: World, application: Application, name: str, picture: Picture) -> Emoji:
    """Make an emoji of an application, of which nobody is told."""
    return _new(world, application, application.bot, name, picture)


def edit(hand: Hand, emoji: Emoji, *, name: str | None, role_ids: Sequence[str] | None) -> None:
    """Rename a guild's emoji, or let others use it; None leaves it as it is."""
    before = {"name": emoji.name}
    role_ids_before = emoji.role_ids
    emoji.name = emoji.name if name is None else name
    emoji.role_ids = emoji.role_ids if role_ids is None else list(role_ids)
    if before["name"] != emoji.name or role_ids_before != emoji.role_ids:
        _announce(hand)
        hand.note(AuditAction.EMOJI_UPDATE, emoji.id, before=before, after={"name": emoji.name})


def delete(hand: Hand, emoji: Emoji) -> None:
    """Delete a guild's emoji."""
    forget(hand.world, hand.guild, emoji)
    _announce(hand)
    hand.note(AuditAction.EMOJI_DELETE, emoji.id, before={"name": emoji.name})


def forget(world: World, owner: Guild | Application, emoji: Emoji) -> None:
    """Remove an emoji with its picture."""
    del owner.emojis[emoji.id]
    del world.pictures[_path(emoji)]


def _new(world: World, owner: Guild | Application, creator: User, name: str, picture: Picture) -> Emoji:
    emoji = Emoji(id=world.snowflakes.make(), name=name, creator=creator, animated=picture.is_animated)
    owner.emojis[emoji.id] = emoji
    world.pictures[_path(emoji)] = picture
    return emoji


def _path(emoji: Emoji) -> str:
    return f"emojis/{emoji.id}"


def _announce(hand: Hand) -> None:
    emojis = [payloads.emoji(one) for one in hand.guild.emojis.values()]
    hand.world.announce(
        "GUILD_EMOJIS_UPDATE", {"guild_id": hand.guild.id, "emojis": emojis}, hand.guild.members
    )
