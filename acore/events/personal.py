"""Which fields hold what is personal: what is given away can do without it.

Discord's ids need no mark, they are known by their size.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, cast

from msgspec import Meta, inspect

_MARK = "personal"


class Personal(StrEnum):
    """What can be replaced in what is given away."""

    IDS = "ids"
    NAMES = "names"
    TEXT = "text"


PersonalName = Annotated[str, Meta(extra={_MARK: Personal.NAMES})]
"""What somebody, a server or a machine is called."""
FreeText = Annotated[str, Meta(extra={_MARK: Personal.TEXT})]
"""What people wrote, or may be quoted in."""


def mark_of(node: inspect.Type) -> Personal | None:
    """Return what the declaration of a field says of its content."""
    while isinstance(node, inspect.Metadata):
        said = cast("Mapping[str, Any]", node.extra or {})  # pyright: ignore[reportUnknownMemberType] - msgspec says no more than dict
        if _MARK in said:
            return Personal(said[_MARK])
        node = node.type
    return None
