"""Places and things that tests of messages begin with, and asking every operation of a kind."""

from dataclasses import dataclass, field
from urllib.parse import quote

from acore.sandbox import Sandbox, realtime
from acore.sandbox.resources.table import every_route
from acore.sandbox.state.kinds import ChannelType, MessageType, OverwriteType
from acore.sandbox.state.records import Channel, Emoji, Guild, Overwrite, Thread, User
from tests.sandbox.conftest import Reply
from tests.sandbox.operations.conftest import Api

BODIES: dict[str, dict[str, object]] = {
    "POST /channels/{channel_id}/messages": {"content": "hello"},
    "PATCH /channels/{channel_id}/messages/{message_id}": {"content": "changed"},
    "POST /channels/{channel_id}/messages/bulk-delete": {
        "messages": ["1575780033492942852", "1575780033492942851"]
    },
}


@dataclass(frozen=True)
class Operation:
    """One operation of the table, to be asked as the bot."""

    method: str
    template: str
    body: dict[str, object] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Method and template, as tests say what they show."""
        return f"{self.method} {self.template}"

    async def ask(self, api: Api, **parameters: str) -> Reply:
        """Ask it once; the emoji is a thumb and the user the bot unless told otherwise."""
        user_id = api.sandbox.world.application.bot.id
        values = {"emoji_name": "👍", "user_id": user_id, **parameters}
        path = self.template
        for key, value in values.items():
            path = path.replace(f"{{{key}}}", quote(value))
        return await api(self.method, path, self.body)


def operations(*words: str) -> list[Operation]:
    """Return every operation below /channels/{channel_id}/ that begins with one of these words."""
    beginnings = tuple(f"/channels/{{channel_id}}/{word}" for word in words)
    routes = [one for one in every_route().listed() if one.template.startswith(beginnings)]
    made = [one for one in routes if not one.template.endswith("/threads")]
    return [Operation(one.method, one.template, BODIES.get(one.bucket)) for one in made]


def deny(channel: Channel, *permissions: int) -> None:
    """Deny everybody these permissions in a channel of a guild."""
    bits = 0
    for one in permissions:
        bits |= one
    everybody = str(channel.guild_id)
    channel.overwrites[everybody] = Overwrite(everybody, OverwriteType.ROLE, deny=bits)


def new_channel(sandbox: Sandbox, kind: ChannelType) -> Channel:
    """Add a channel of this kind to the first guild."""
    channel = sandbox.world.add_channel("elsewhere")
    channel.type = kind
    return channel


def new_thread(sandbox: Sandbox) -> Channel:
    """Add a public thread to #general, with nobody in it."""
    world = sandbox.world
    now = realtime.now()
    thread = Channel(
        id=world.snowflakes.make(),
        type=ChannelType.PUBLIC_THREAD,
        name="thread",
        guild_id=sandbox.guild_id,
        parent_id=sandbox.channel_id,
        thread=Thread(owner_id=world.owner.id, created_at=now, archive_changed_at=now),
    )
    world.channels[thread.id] = world.guild.threads[thread.id] = thread
    return thread


def direct_channel(sandbox: Sandbox, user: User) -> Channel:
    """Return the direct message channel of the bot with somebody."""
    return sandbox.world.direct_channel(sandbox.world.application.bot, user)


def new_emoji(sandbox: Sandbox, guild: Guild, name: str) -> Emoji:
    """Add an emoji to a guild."""
    emoji = Emoji(id=sandbox.world.snowflakes.make(), name=name, creator=sandbox.world.owner)
    guild.emojis[emoji.id] = emoji
    return emoji


def system_message(api: Api) -> str:
    """Have the system say in #general that the bot joined; return the message's id."""
    world, messages = api.sandbox.world, api.sandbox.messages
    return messages.say_for_system(world.channel, world.application.bot, MessageType.USER_JOIN, None).id
