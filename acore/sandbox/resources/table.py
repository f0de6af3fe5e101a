"""The table of every operation the sandbox answers."""

from acore.sandbox.api.operations import OPERATIONS
from acore.sandbox.api.table import Routes
from acore.sandbox.resources import (
    application_info,
    applications,
    audit_log,
    bans,
    callbacks,
    channels,
    command_permissions,
    emojis,
    gateways,
    guild_channels,
    guilds,
    invites,
    invocations,
    members,
    messages,
    overwrites,
    people,
    pins,
    reactions,
    roles,
    search,
    thread_members,
    thread_search,
    threads,
    uploads,
    users,
    voice,
    webhook_messages,
    webhooks,
)

NOUNS: tuple[Routes, ...] = (
    application_info.routes,
    applications.routes,
    audit_log.routes,
    bans.routes,
    callbacks.routes,
    channels.routes,
    command_permissions.routes,
    emojis.routes,
    gateways.routes,
    guild_channels.routes,
    guilds.routes,
    invites.routes,
    invocations.routes,
    members.routes,
    messages.routes,
    overwrites.routes,
    people.routes,
    pins.routes,
    reactions.routes,
    roles.routes,
    search.routes,
    thread_members.routes,
    thread_search.routes,
    threads.routes,
    uploads.routes,
    users.routes,
    voice.routes,
    webhook_messages.routes,
    webhooks.routes,
)


def every_route() -> Routes:
    """Return the table of every operation the sandbox supports."""
    routes = Routes()
    for noun in NOUNS:
        routes.include(noun)
    routes.complete(OPERATIONS)
    return routes
