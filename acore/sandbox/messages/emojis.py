"""Which emoji a path names: one of Unicode's, or one of a guild's or an application's own."""

import re
from collections.abc import Iterator

from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.state.records import Emoji, Message, Reaction, User
from acore.sandbox.state.world import World

CUSTOM = re.compile(r"<?(?:a?:)?(\w+):(\d+)>?")
"""Discord's documentation, "Create Reaction": name:id."""
VARIATION = "\N{VARIATION SELECTOR-16}"
"""Asks for the colourful form of a character; the emoji is the same without it."""
# Every character with the property Emoji that is no digit, # or * (Unicode Technical Standard 51,
# emoji-data.txt); above U+1F000 whole blocks are taken, as Unicode goes on filling them.
_CHARACTER = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u260e\u2611\u2614\u2615\u2618\u261d"
    "\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a\u2640\u2642\u2648-\u2653\u265f\u2660\u2663\u2665"
    "\u2666\u2668\u267b\u267e\u267f\u2692-\u2697\u2699\u269b\u269c\u26a0\u26a1\u26a7\u26aa\u26ab\u26b0\u26b1"
    "\u26bd\u26be\u26c4\u26c5\u26c8\u26ce\u26cf\u26d1\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd"
    "\u2702\u2705\u2708-\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e"
    "\u2753-\u2755\u2757\u2763\u2764\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f201\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f250\U0001f251"
    "\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0\U0001f900-\U0001faff]"
)
_ELEMENT = f"{_CHARACTER}{VARIATION}?[\U0001f3fb-\U0001f3ff]?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_FLAG = "[\U0001f1e6-\U0001f1ff]{1,2}"  # Discord knows each letter alone too, as :regional_indicator_a:
_KEYCAP = f"[0-9#*]{VARIATION}?\u20e3"
UNICODE = re.compile(f"{_FLAG}|{_KEYCAP}|{_ELEMENT}(?:\u200d{_ELEMENT})*")
"""One emoji (Unicode Technical Standard 51, section 1.4.9)."""


def read(world: World, message: Message, text: str, by: User) -> Reaction:
    """Return the reaction to a message that a path names: the one that is there, or a new one that is empty.

    Args:
        world: whose emojis there are.
        message: what is reacted to.
        text: an emoji, or name:id.
        by: who asks; must know the emoji, unless the message has such a reaction already.

    Raises:
        ApiError: code 10014.
    """
    custom = CUSTOM.fullmatch(text)
    if custom is None:
        if UNICODE.fullmatch(text) is None:
            raise ApiError(Refusal.UNKNOWN_EMOJI)
        return find(message, text) or Reaction(name=text)
    there = next((one for one in message.reactions if one.id == custom[2]), None)
    if there is not None:
        return there
    emoji = next((one for one in _known(world, by) if one.id == custom[2]), None)
    if emoji is None:
        raise ApiError(Refusal.UNKNOWN_EMOJI)
    return Reaction(name=emoji.name, id=emoji.id, animated=emoji.animated)


def find(message: Message, text: str) -> Reaction | None:
    """Return the reaction to a message with this emoji of Unicode's, however it is written."""
    bare = text.replace(VARIATION, "")
    there = (one for one in message.reactions if one.id is None)
    return next((one for one in there if one.name.replace(VARIATION, "") == bare), None)


def is_foreign(world: World, message: Message, reaction: Reaction) -> bool:
    """Return whether an emoji is another guild's."""
    guild = None if message.guild_id is None else world.guilds[message.guild_id]
    if guild is None or reaction.id is None or reaction.id in guild.emojis:
        return False
    return any(reaction.id in one.emojis for one in world.guilds.values())


def _known(world: World, user: User) -> Iterator[Emoji]:
    for guild in world.guilds_of(user.id):
        yield from guild.emojis.values()
    application = world.application_of(user) if user.bot else None
    if application is not None:
        yield from application.emojis.values()
