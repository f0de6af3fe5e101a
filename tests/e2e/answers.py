"""What a person sees of an answer, and what the sandbox has written down."""

import json
from pathlib import Path
from typing import Any

from acore.sandbox.state.kinds import MessageFlag

type Message = dict[str, Any]


def fields(message: Message) -> dict[str, str]:
    """Return the fields of the answer's embed by name."""
    return {one["name"]: one["value"] for one in message["embeds"][0].get("fields", ())}


def is_ephemeral(message: Message) -> bool:
    return bool(message["flags"] & MessageFlag.EPHEMERAL)


def requests(recording: Path, method: str, ending: str) -> list[dict[str, Any]]:
    """Return the requests of bots that the sandbox wrote down: of this method, and to such a path."""
    lines = (recording / "rest.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [one for one in found if one["method"] == method and one["path"].endswith(ending)]


def frames(recording: Path, op: int) -> list[dict[str, Any]]:
    """Return the gateway frames with this opcode that bots sent."""
    lines = (recording / "gateway.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [one for one in found if one["dir"] == "send" and one.get("op") == op]
