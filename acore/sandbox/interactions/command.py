"""One registered command: what is kept of it, and how it is sent back."""

from dataclasses import dataclass

from acore.sandbox.interactions.kinds import Context, IntegrationType
from acore.sandbox.shapes import Json, as_int, as_list, as_object, as_objects
from acore.sandbox.state.snapshots import kept

LOCALIZATIONS = ("name_localizations", "description_localizations")


@kept
@dataclass(slots=True, eq=False)
class Command:
    """One registered command; *body* holds what Discord sends back, localizations included."""

    id: str
    application_id: str
    guild_id: str | None
    version: str
    body: Json

    @property
    def name(self) -> str:
        """What a person types."""
        return str(self.body["name"])

    @property
    def type(self) -> int:
        """How it is invoked."""
        return as_int(self.body["type"])

    @property
    def options(self) -> list[Json]:
        """What it takes."""
        return as_objects(self.body.get("options"))

    @property
    def default_member_permissions(self) -> str | None:
        """What a member must be permitted to use it."""
        return self.body["default_member_permissions"]

    @property
    def contexts(self) -> set[int]:
        """Where it may be used; a guild's own command in that guild alone."""
        if self.guild_id is not None:
            return {Context.GUILD}
        contexts = self.body.get("contexts")
        if contexts is not None:
            return set(as_list(contexts))
        return set(Context) if self.body.get("dm_permission", True) else {Context.GUILD}

    @property
    def integration_types(self) -> set[int]:
        """For whom its application must be installed."""
        return set(as_list(self.body["integration_types"]))

    def is_usable_in(self, context: Context) -> bool:
        """Return whether it may be used there.

        Everybody is taken to have installed the applications that have commands for users, and such a command
        is the only kind that works where the bot is not.
        """
        if context is Context.PRIVATE_CHANNEL and IntegrationType.USER_INSTALL not in self.integration_types:
            return False
        return context in self.contexts

    def payload(self, *, with_localizations: bool = True) -> Json:
        """Return it as Discord sends it back: the options with exactly the keys they came with."""
        body: Json = {
            "id": self.id,
            "application_id": self.application_id,
            "version": self.version,
            **self.body,
        }
        if self.guild_id is not None:
            body["guild_id"] = self.guild_id
        return body if with_localizations else _unlocalized(body)


def stored(sent: Json, guild_id: str | None) -> Json:
    """Return a command with Discord's defaults, echoing the options exactly as they were sent."""
    kind = as_int(sent.get("type"), 1)
    required = sent.get("default_member_permissions")
    body: Json = {
        "type": kind,
        "name": sent["name"],
        "name_localizations": _told(sent.get("name_localizations")),
        "description": sent.get("description") or "",
        "description_localizations": _told(sent.get("description_localizations")),
        "default_member_permissions": None if required is None else str(required),
        "nsfw": bool(sent.get("nsfw", False)),
        "contexts": sent.get("contexts"),
        "integration_types": as_list(sent.get("integration_types")) or [0],
    }
    if guild_id is None:
        contexts = sent.get("contexts")
        may_in_direct = sent.get("dm_permission") is not False
        body["dm_permission"] = may_in_direct if contexts is None else Context.BOT_DM in as_list(contexts)
    if as_list(sent.get("options")):
        body["options"] = [_without_nulls(one) for one in as_objects(sent["options"])]
    return body


def _without_nulls(option: Json) -> Json:
    """Return an option or a choice with the keys it came with; Discord tells null of localizations alone."""
    body: Json = {key: value for key, value in option.items() if value is not None or key in LOCALIZATIONS}
    for key in LOCALIZATIONS:
        if key in body:
            body[key] = _told(body[key])
    for nest in ("options", "choices"):
        if nest in body:
            body[nest] = [_without_nulls(as_object(one)) for one in as_list(body[nest])]
    return body


def _told(translations: Json | None) -> Json | None:
    """Return translations without those that are null."""
    return translations and {locale: text for locale, text in translations.items() if text is not None}


def _unlocalized(body: Json) -> Json:
    bare: Json = {key: value for key, value in body.items() if key not in LOCALIZATIONS}
    for nest in ("options", "choices"):
        if nest in bare:
            bare[nest] = [_unlocalized(as_object(one)) for one in as_list(bare[nest])]
    return bare
