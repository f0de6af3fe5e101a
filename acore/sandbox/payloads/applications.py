"""Applications, as Discord shows them."""

from acore.sandbox.payloads.users import user
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application

INSTALL: Json = {"scopes": ["applications.commands", "bot"], "permissions": "0"}
NEW: Json = {
    "icon": None,
    "type": None,
    "rpc_origins": [],
    "bot_public": True,
    "bot_require_code_grant": False,
    "install_params": INSTALL,
    "integration_types_config": {"0": {"oauth2_install_params": INSTALL}},
    "tags": [],
    "redirect_uris": [],
    "interactions_endpoint_url": None,
    "role_connections_verification_url": None,
    "explicit_content_filter": 0,
    "team": None,
    "eligible_oauth2_scopes": ["applications.commands", "bot"],
}
"""The settings of an application that nobody has changed yet."""


def application(of: Application, *, guild_count: int) -> Json:
    """Return an application as its own bot sees it."""
    return {
        **NEW,
        **of.settings,
        "id": of.id,
        "name": of.name,
        "description": of.description,
        "bot": user(of.bot),
        "verify_key": of.verify_key,
        "flags": int(of.flags),
        "flags_new": str(int(of.flags)),
        "owner": user(of.owner),
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
    }
