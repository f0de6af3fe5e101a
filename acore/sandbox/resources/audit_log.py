"""Reading a guild's audit log."""

from collections.abc import Iterator

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms import paging
from acore.sandbox.forms.fields import Fields
from acore.sandbox.interactions.command import Command
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import FormErrors, Refusal
from acore.sandbox.state.records import AuditEntry, Guild

MAX_PAGE = 100  # Discord's documentation, "Get Guild Audit Log"
DEFAULT_PAGE = 50

routes = Routes()


@routes.on(
    "GET",
    "/guilds/{guild_id}/audit-logs",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM),
)
def get_audit_log(call: Call) -> Answer:
    """Return a page of the log, newest first, or with `after` oldest first; with whom and what it names."""
    guild = call.guild()
    call.require(Permission.VIEW_AUDIT_LOG, guild)
    page = paging.page(call.query, default=DEFAULT_PAGE, most=MAX_PAGE)
    wanted = _wanted(call)
    found = [one for one in guild.audit_log if page.has(one.id) and wanted.items() <= _known(one).items()]
    if page.after is None:
        found.reverse()
    shown = found[: page.limit]
    named = list(dict.fromkeys(one for entry in shown for one in (entry.user_id, entry.target_id or "")))
    world = call.world
    body = payloads.audit_log(
        shown,
        users=[world.users[one] for one in named if one in world.users],
        threads=[guild.threads[one] for one in named if one in guild.threads],
        webhooks=[world.webhooks[one] for one in named if one in world.webhooks],
        commands=[one.payload() for one in _commands(call, guild) if one.id in named],
    )
    return Answer(body)


def _commands(call: Call, guild: Guild) -> Iterator[Command]:
    """Return the commands of every application whose bot is in a guild."""
    for application in call.world.applications.values():
        if application.bot.id in guild.members:
            for guild_id in (None, guild.id):
                yield from call.house.commands.listed(application.id, guild_id)


def _wanted(call: Call) -> dict[str, str]:
    """Return what entries must have to be shown.

    Raises:
        ApiError: code 50035.
    """
    errors = FormErrors()
    fields = Fields(dict(call.query), errors)
    wanted = {name: fields.snowflake(name) for name in ("user_id", "target_id")}
    if "action_type" in call.query:
        kind = paging.number(call.query, "action_type", default=0, low=0, high=1000, errors=errors)
        wanted["action_type"] = str(kind)
    errors.raise_any()
    return {name: value for name, value in wanted.items() if value is not None}


def _known(entry: AuditEntry) -> dict[str, str]:
    known = {"user_id": entry.user_id, "target_id": entry.target_id or ""}
    return {**known, "action_type": str(int(entry.action))}
