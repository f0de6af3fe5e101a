"""Comparing an answer with the refusal that is meant."""

from acore.sandbox.refusals import Refusal
from acore.sandbox.shapes import Json, as_object
from tests.sandbox.conftest import Reply
from tests.sandbox.operations.conftest import answers_of

NOBODY = "123456789012345678"
"""The id of nothing there is."""
EMPTY: Json = {}
"""A body that changes nothing."""


def refused(reply: Reply) -> tuple[int, int]:
    """Return the status of an answer and Discord's number for its reason."""
    return reply.status, reply.body["code"]


def is_refused(reply: Reply, refusal: Refusal) -> bool:
    """Return whether an answer has status and code of a refusal; show it if not."""
    body = as_object(reply.body)
    assert (reply.status, body.get("code")) == answers_of(refusal), f"not {refusal.name} but {reply}"
    return True


def is_wrong_at(reply: Reply, *path: str) -> bool:
    """Return whether an answer names the field at *path* as wrong."""
    assert is_refused(reply, Refusal.INVALID_FORM)
    node = reply.body["errors"]
    for part in path:
        assert part in node, f"{'.'.join(path)} is not named: {reply.body}"
        node = node[part]
    return bool(node["_errors"][0]["message"])
