"""The table of operations: each supported one is shown to work and to say no, every other answers 501."""

import ast
from pathlib import Path

import pytest

from acore.reference import operations_page
from acore.sandbox.api.operations import OPERATIONS
from acore.sandbox.api.table import Audience
from acore.sandbox.refusals import Refusal
from acore.sandbox.resources.table import every_route
from tests.sandbox.operations.conftest import Api

HERE = Path(__file__).parent
PAGE = Path("docs/sandbox-api.md")
# What a person's client asks, and what nextcord asks although Discord no longer describes it.
UNDESCRIBED = frozenset(
    {"PATCH /guilds/{guild_id}/members/@me/nick", "POST /channels/{channel_id}/thread-members/@me"}
)


def shown() -> set[tuple[str, str]]:
    """Return what tests say they show: an operation, and the name of a refusal or nothing."""
    found: set[tuple[str, str]] = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.shows":
                operation = ast.literal_eval(node.args[0])
                reason = ast.unparse(node.args[1]).removeprefix("Refusal.") if len(node.args) > 1 else ""
                found.add((operation, reason))
    return found


def test_each_operation_is_shown_to_work_and_to_refuse_for_each_of_its_reasons() -> None:
    routes = every_route().listed()
    wanted = {(f"{one.method} {one.template}", "") for one in routes}
    wanted |= {(f"{one.method} {one.template}", reason.name) for one in routes for reason in one.refuses}
    assert sorted(wanted - shown()) == []


def test_what_is_shown_is_declared() -> None:
    routes = {f"{one.method} {one.template}": one for one in every_route().listed()}
    for operation, reason in sorted(shown()):
        assert operation in routes, f"{operation} is not supported"
        declared = {one.name for one in routes[operation].refuses}
        assert not reason or reason in declared | {"UNAUTHORIZED"}, f"{operation} does not declare {reason}"


def test_each_operation_for_bots_is_one_of_discords() -> None:
    known = {f"{method} {path}" for path, methods in OPERATIONS.items() for method in methods.split()}
    for route in every_route().listed():
        name = f"{route.method} {route.template}"
        assert route.audience is Audience.PERSON or name in known | UNDESCRIBED, name


def test_the_page_that_lists_the_operations_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == operations_page(), "write it with python -m acore.reference"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_an_operation_that_is_not_supported_says_so_with_501(wrong: Api, method: str) -> None:
    supported = {f"{one.method} {one.template}" for one in every_route().listed()}
    missing = [
        path
        for path, methods in OPERATIONS.items()
        if method in methods.split() and f"{method} {path}" not in supported
    ]
    for template in missing:
        path = "/".join("123456789012345678" if one.startswith("{") else one for one in template.split("/"))
        reply = await wrong(method, path)
        assert (reply.status, reply.body["code"]) == (501, 0), template
        assert reply.body["message"] == f"The sandbox does not support {method} {template}."


async def test_what_discord_does_not_have_is_not_found(wrong: Api) -> None:
    reply = await wrong("GET", "/no/such/place")
    assert (reply.status, reply.body) == (404, {"message": Refusal.NO_SUCH_PLACE.value[2], "code": 0})


async def test_a_method_that_discord_does_not_have_is_not_allowed(wrong: Api) -> None:
    reply = await wrong("PUT", "/gateway")
    assert (reply.status, reply.body) == (405, {"message": Refusal.NO_SUCH_METHOD.value[2], "code": 0})
