"""What an application tells of itself, and changing it."""

import re
from collections.abc import Mapping

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.forms import field_kinds
from acore.sandbox.forms.fields import Fields
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.resources.applications import OWN, named_application
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import ALL_PRIVILEGED, LOCALES
from acore.sandbox.state.records import Application

MAX_DESCRIPTION = 400
MAX_TAGS, MAX_TAG = 5, 20
MAX_URL = 2048
URL = re.compile(r"https?://[^\s/]+\S*")
SCOPES = ("applications.commands", "bot")
URLS = ("custom_install_url", "role_connections_verification_url", "event_webhooks_url")
PICTURES = {"icon": "app-icons", "cover_image": "app-icons"}
EVENTS = (
    "APPLICATION_AUTHORIZED",
    "APPLICATION_DEAUTHORIZED",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_DELETE",
    "ENTITLEMENT_UPDATE",
    "GAME_DIRECT_MESSAGE_CREATE",
    "GAME_DIRECT_MESSAGE_DELETE",
    "GAME_DIRECT_MESSAGE_UPDATE",
    "LOBBY_MESSAGE_CREATE",
    "LOBBY_MESSAGE_DELETE",
    "LOBBY_MESSAGE_UPDATE",
    "QUEST_USER_ENROLLMENT",
)
"""Events that Discord can post to a webhook; they are kept, and none is ever posted."""
METADATA = "/applications/{application_id}/role-connections/metadata"
METADATA_TYPES = range(1, 9)
MAX_METADATA = 5
METADATA_KEY = re.compile(r"[a-z0-9_]+")

routes = Routes()


def own_application(call: Call) -> Application:
    """Return the caller's application, which must be the one in the path if there is one.

    Raises:
        ApiError: nobody knows it, or it is another's.
    """
    if "application_id" in call.path:
        return named_application(call)
    if call.application is None:
        raise ApiError(Refusal.UNAUTHORIZED)
    return call.application


@routes.on("GET", "/oauth2/applications/@me", Audience.BOT)
@routes.on("GET", "/applications/@me", Audience.BOT)
@routes.on("GET", "/applications/{application_id}", Audience.BOT, refuses=OWN)
def get_application(call: Call) -> Answer:
    """Return the caller's application."""
    return Answer(_shown(call, own_application(call)))


@routes.on("PATCH", "/applications/@me", Audience.BOT, refuses=(Refusal.INVALID_FORM,))
@routes.on("PATCH", "/applications/{application_id}", Audience.BOT, refuses=(*OWN, Refusal.INVALID_FORM))
def edit_application(call: Call) -> Answer:
    """Change what the caller's application tells of itself."""
    application = own_application(call)
    errors = FormErrors()
    fields = Fields(call.form, errors)
    description = _description(fields)
    flags = fields.number("flags")
    settings = _settings(fields)
    pictures = {key: field_kinds.picture(fields, key) for key in PICTURES}
    errors.raise_any()
    if description is not None:
        application.description = description
    if flags is not None:
        # Only these may be changed (Discord's documentation, "Edit Current Application").
        application.flags = application.flags & ~ALL_PRIVILEGED | flags & ALL_PRIVILEGED
    for key, picture in pictures.items():
        if key in call.form:
            settings[key] = call.world.keep_picture(f"{PICTURES[key]}/{application.id}", picture)
    for key, value in settings.items():
        _set(application, key, value)
    return Answer(_shown(call, application))


@routes.on("GET", METADATA, Audience.BOT, refuses=OWN)
def get_metadata(call: Call) -> Answer:
    """Return what the application can tell of a user for linked roles."""
    return Answer(own_application(call).role_connections)


@routes.on("PUT", METADATA, Audience.BOT, refuses=(*OWN, Refusal.INVALID_FORM))
def put_metadata(call: Call) -> Answer:
    """Say what the application can tell of a user for linked roles."""
    application = own_application(call)
    errors = FormErrors()
    fields = Fields({"metadata": call.body or []}, errors)
    application_metadata = [_metadata(one) for one in fields.objects("metadata", 0, MAX_METADATA)]
    errors.raise_any()
    application.role_connections = application_metadata
    return Answer(application.role_connections)


def _shown(call: Call, application: Application) -> Json:
    guilds = call.world.guilds_of(application.bot.id)
    return payloads.application(application, guild_count=len(guilds))


def _set(application: Application, key: str, value: object) -> None:
    """Set a setting; without a value it is as if nobody had ever changed it."""
    if value is None:
        application.settings.pop(key, None)
    else:
        application.settings[key] = value


def _description(fields: Fields) -> str | None:
    """Return the description, sent as a text or, as Discord's API description has it, with translations."""
    if isinstance(fields.given("description"), str):
        return fields.text("description", 0, MAX_DESCRIPTION)
    inner = fields.inner("description")
    return None if inner is None else inner.text("default", 0, MAX_DESCRIPTION)


def _settings(fields: Fields) -> Json:
    """Return the settings that were sent."""
    read: Json = {key: _url(fields, key) for key in URLS}
    if fields.given("interactions_endpoint_url") is not None:
        # Discord asks the address at once; the sandbox speaks to nobody outside.
        fields.wrong(
            "interactions_endpoint_url", "The specified interactions endpoint url could not be verified."
        )
    read |= {
        "interactions_endpoint_url": None,
        "tags": _tags(fields),
        "install_params": _install_params(fields),
        "integration_types_config": _install_configs(fields),
        "explicit_content_filter": fields.one_of("explicit_content_filter", (0, 1)),
        "max_participants": fields.number("max_participants", -1),
        "event_webhooks_status": fields.one_of("event_webhooks_status", (1, 2)),
        "event_webhooks_types": fields.several_of("event_webhooks_types", EVENTS),
    }
    return {key: value for key, value in read.items() if key in fields.body}


def _url(fields: Fields, key: str) -> str | None:
    text = fields.text(key, 0, MAX_URL)
    if text and URL.fullmatch(text) is None:
        fields.wrong(key, "Not a well formed URL.")
    return text or None


def _tags(fields: Fields) -> list[object] | None:
    tags = fields.items("tags", 0, MAX_TAGS)
    for index, tag in enumerate(tags or []):
        if not isinstance(tag, str) or not 0 < len(tag) <= MAX_TAG:
            fields.errors.add((*fields.path, "tags", index), f"Must be between 1 and {MAX_TAG} in length.")
    return tags


def _install_params(fields: Fields, key: str = "install_params") -> Json | None:
    inner = fields.inner(key)
    if inner is None:
        return None
    scopes = inner.several_of("scopes", SCOPES, low=1)
    bits = field_kinds.bits(inner, "permissions")
    return {"scopes": scopes or list(SCOPES), "permissions": str(bits or 0)}


def _install_configs(fields: Fields) -> Json | None:
    configs = fields.inner("integration_types_config")
    if configs is None:
        return None
    read: Json = {}
    for key in configs.body:
        if key not in {"0", "1"}:
            configs.wrong(key, "Value must be one of (0, 1).")
            continue
        config = configs.inner(key)
        params = None if config is None else _install_params(config, "oauth2_install_params")
        read[key] = {} if params is None else {"oauth2_install_params": params}
    return read


def _metadata(fields: Fields) -> Json:
    fields.require("type", "key", "name", "description")
    key = fields.text("key", 1, 50)
    if key is not None and METADATA_KEY.fullmatch(key) is None:
        fields.wrong("key", "String value did not match validation regex.")
    read: Json = {
        "type": fields.one_of("type", METADATA_TYPES),
        "key": key,
        "name": fields.text("name", 1, 100),
        "description": fields.text("description", 1, 200),
    }
    for name, most in (("name_localizations", 100), ("description_localizations", 200)):
        inner = fields.inner(name)
        if inner is not None:
            read[name] = _localized(inner, most)
    return read


def _localized(fields: Fields, most: int) -> Mapping[str, str]:
    read: dict[str, str] = {}
    for locale in fields.body:
        if locale not in LOCALES:
            fields.wrong(locale, f"Value must be one of ({', '.join(LOCALES)}).")
        text = fields.text(locale, 1, most)
        if text is not None:
            read[locale] = text
    return read
