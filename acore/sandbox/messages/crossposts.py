"""Published messages of announcement channels, repeated wherever these are followed."""

from acore.sandbox.messages import references
from acore.sandbox.messages.messages import Messages
from acore.sandbox.state.kinds import MessageFlag
from acore.sandbox.state.records import Message
from acore.sandbox.state.webhooks import author
from acore.sandbox.state.world import World


def deliver(world: World, messages: Messages, published: Message) -> None:
    """Repeat a message in each channel that follows its own."""
    source = world.channels[published.channel_id]
    guild = world.guild_of(source)
    for webhook in list(world.webhooks.values()):
        if webhook.source_channel_id != source.id or guild is None:
            continue
        target = world.channels[webhook.channel_id]
        copy = messages.new(target, author(webhook, name=f"{guild.name} #{source.name}"))
        copy.webhook_id = webhook.id
        copy.content = published.content
        copy.embeds = published.embeds
        copy.components = published.components
        copy.attachments = list(published.attachments)
        copy.flags = MessageFlag.IS_CROSSPOST | published.flags & MessageFlag.SUPPRESS_EMBEDS
        copy.reference = references.told(published)
        messages.publish(target, copy)
