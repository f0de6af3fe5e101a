"""What a bot may read of a message: nothing of what others said in a guild, without a privileged intent.

After Discord's documentation, "Message Content Intent": over REST the application's settings decide, on the
gateway the intents of the session.
"""

from acore.sandbox.gateway import intents
from acore.sandbox.gateway.intents import PRIVILEGED, Intent
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Message, User
from acore.sandbox.state.world import World


def may_read_all(world: World, user: User) -> bool:
    """Return whether a user reads every message they see: people do, and bots with the intent."""
    application = world.application_of(user) if user.bot else None
    return application is None or bool(application.flags & PRIVILEGED[Intent.MESSAGE_CONTENT])


def may_read(world: World, message: Message, user: User) -> bool:
    """Return whether a user may read what a message says."""
    is_own = message.author is user or message.application_id == user.id or user in message.mentions
    return is_own or message.guild_id is None or may_read_all(world, user)


def as_read_by(world: World, message: Message, body: Json, user: User) -> Json:
    """Return a message's payload without what a user may not read."""
    if message.guild_id is None or may_read_all(world, user):
        return body
    return intents.without_content(body, user.id)
