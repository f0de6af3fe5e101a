"""What an application tells of itself."""

import pytest

from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ApplicationFlag
from tests.sandbox.images import PNG, data_uri
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import EMPTY, NOBODY, is_refused, is_wrong_at

METADATA = {"type": 2, "key": "level", "name": "Level", "description": "How far one is"}


def own(api: Api) -> str:
    """Return the path of the bot's application."""
    return f"/applications/{api.sandbox.application_id}"


@pytest.mark.shows("GET /applications/@me")
@pytest.mark.shows("GET /oauth2/applications/@me")
@pytest.mark.shows("GET /applications/{application_id}")
async def test_an_application_sees_itself(api: Api) -> None:
    found = (await api("GET", "/applications/@me")).body
    assert (found["name"], found["owner"]["username"]) == ("sandbox-bot", "owner")
    assert found["approximate_guild_count"] == 1
    assert (await api("GET", "/oauth2/applications/@me")).body == found
    assert (await api("GET", own(api))).body == found


@pytest.mark.shows("PATCH /applications/@me")
@pytest.mark.shows("PATCH /applications/{application_id}")
async def test_an_application_is_changed(api: Api) -> None:
    install = {"scopes": ["bot"], "permissions": "8"}
    body = {
        "description": {"default": "does things"},
        "tags": ["a", "b"],
        "icon": data_uri(PNG),
        "install_params": {"scopes": ["bot"], "permissions": 8},
        "integration_types_config": {"0": {"oauth2_install_params": install | {"permissions": 8}}, "1": {}},
        "custom_install_url": "https://example.org/install",
        "event_webhooks_types": ["APPLICATION_AUTHORIZED"],
        "explicit_content_filter": 1,
    }

    edited = (await api("PATCH", "/applications/@me", body)).body

    assert (edited["description"], edited["tags"], edited["install_params"]) == (
        "does things",
        ["a", "b"],
        install,
    )
    assert edited["integration_types_config"] == {"0": {"oauth2_install_params": install}, "1": {}}
    for key in ("custom_install_url", "event_webhooks_types", "explicit_content_filter"):
        assert edited[key] == body[key]
    url = f"{api.sandbox.origin}/app-icons/{api.sandbox.application_id}/{edited['icon']}.png"
    async with api.http.get(url) as picture:
        assert await picture.read() == PNG
    undone = (await api("PATCH", own(api), {"tags": None, "icon": None, "custom_install_url": None})).body
    assert (undone["tags"], undone["icon"], "custom_install_url" in undone) == ([], None, False)
    assert undone["description"] == "does things"


async def test_a_description_may_be_a_plain_text_too(wrong: Api) -> None:
    edited = await wrong("PATCH", "/applications/@me", {"description": "does things"})
    assert edited.body["description"] == "does things"


async def test_an_application_gives_up_a_privileged_intent_but_no_other_flag(api: Api) -> None:
    limited = ApplicationFlag.GATEWAY_PRESENCE_LIMITED
    application = api.sandbox.world.application
    application.flags |= 1 << 6
    flags = int(limited | ApplicationFlag.GATEWAY_PRESENCE)
    edited = (await api("PATCH", "/applications/@me", {"flags": flags})).body
    assert edited["flags"] == limited | 1 << 6
    assert edited["flags_new"] == str(edited["flags"])


@pytest.mark.shows("PUT /applications/{application_id}/role-connections/metadata")
@pytest.mark.shows("GET /applications/{application_id}/role-connections/metadata")
async def test_what_linked_roles_are_made_of_is_kept(api: Api) -> None:
    path = f"{own(api)}/role-connections/metadata"
    sent = [METADATA, {**METADATA, "key": "age", "name_localizations": {"de": "Alter"}}]
    assert (await api("GET", path)).body == []
    assert (await api("PUT", path, sent)).body == sent
    assert (await api("GET", path)).body == sent


@pytest.mark.shows("PUT /applications/{application_id}/role-connections/metadata", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", 9),
        ("key", "Level"),
        ("key", "x" * 51),
        ("name", ""),
        ("name", None),
        ("description", "x" * 201),
    ],
)
async def test_what_is_wrong_with_a_linked_roles_metadata_is_named(
    wrong: Api, field: str, value: object
) -> None:
    path = f"{own(wrong)}/role-connections/metadata"
    reply = await wrong("PUT", path, [METADATA, {**METADATA, field: value}])
    assert is_wrong_at(reply, "metadata", "1", field)
    assert is_wrong_at(await wrong("PUT", path, [METADATA] * 6), "metadata")
    localized = {**METADATA, "name_localizations": {"xx": "Level"}}
    assert is_wrong_at(await wrong("PUT", path, [localized]), "metadata", "0", "name_localizations", "xx")


@pytest.mark.shows("PATCH /applications/@me", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /applications/{application_id}", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (("description", "default"), {"description": {"default": "x" * 401}}),
        (("description",), {"description": 5}),
        (("tags",), {"tags": ["a"] * 6}),
        (("tags", "0"), {"tags": ["x" * 21]}),
        (("flags",), {"flags": "all"}),
        (("icon",), {"icon": "x"}),
        (("custom_install_url",), {"custom_install_url": "example"}),
        (("interactions_endpoint_url",), {"interactions_endpoint_url": "https://example.org"}),
        (("install_params", "scopes", "0"), {"install_params": {"scopes": ["email"]}}),
        (("install_params", "permissions"), {"install_params": {"permissions": "all"}}),
        (("integration_types_config", "2"), {"integration_types_config": {"2": {}}}),
        (("explicit_content_filter",), {"explicit_content_filter": 2}),
        (("event_webhooks_types", "0"), {"event_webhooks_types": ["X"]}),
    ],
)
async def test_what_is_wrong_with_an_application_is_named(
    wrong: Api, path: tuple[str, ...], body: dict[str, object]
) -> None:
    for where in ("/applications/@me", own(wrong)):
        assert is_wrong_at(await wrong("PATCH", where, body), *path)


@pytest.mark.shows("GET /applications/{application_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("PATCH /applications/{application_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("PATCH /applications/{application_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows(
    "GET /applications/{application_id}/role-connections/metadata", Refusal.UNKNOWN_APPLICATION
)
@pytest.mark.shows(
    "GET /applications/{application_id}/role-connections/metadata", Refusal.NOT_YOUR_APPLICATION
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/role-connections/metadata", Refusal.UNKNOWN_APPLICATION
)
@pytest.mark.shows(
    "PUT /applications/{application_id}/role-connections/metadata", Refusal.NOT_YOUR_APPLICATION
)
async def test_another_application_is_no_business_of_ones_own(api: Api) -> None:
    other = api.sandbox.world.add_application("other")
    for method, suffix, body in (
        ("GET", "", None),
        ("PATCH", "", EMPTY),
        ("GET", "/role-connections/metadata", None),
        ("PUT", "/role-connections/metadata", [METADATA]),
    ):
        reply = await api(method, f"/applications/{NOBODY}{suffix}", body)
        assert is_refused(reply, Refusal.UNKNOWN_APPLICATION)
        reply = await api(method, f"/applications/{other.id}{suffix}", body)
        assert is_refused(reply, Refusal.NOT_YOUR_APPLICATION)
