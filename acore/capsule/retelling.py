"""What a test that was made from an incident calls: the history is told again to the actor of today."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from acore.capsule.source import open_capsule
from acore.events import topics
from acore.replay.engine import Step, steps
from acore.replay.report import LAST_INPUTS
from acore.runtime.actor import Actor


class Retelling:
    """One actor, and what it was told before something went wrong.

    Args:
        history: The capsule that was written beside the test.
        actor: The actor's name.
        build: Makes it anew for each of its runs.
    """

    def __init__(self, history: Path, actor: str, build: Callable[[], Actor[Any]]) -> None:
        """Read the history.

        Raises:
            CapsuleError: It cannot be used.
            OSError: It cannot be read.
        """
        topics.load()
        self._actor = actor
        self._build = build
        self._source = open_capsule(history, has_all=True)

    def does_not_fail(self, message: str) -> None:
        """Let the actor handle the message of this id again.

        Raises:
            AssertionError: It fails, or is not told it any more.
        """
        __tracebackhide__ = True
        self._done(message)

    def does_not_say(self, message: str, name: str, payload: str) -> None:
        """Let the actor handle the message of this id again.

        Args:
            message: Its id.
            name: The wire name of what it said then.
            payload: The content of that, as JSON.

        Raises:
            AssertionError: It says the same, fails, or is not told the message any more.
        """
        __tracebackhide__ = True
        content = msgspec.json.decode(payload)
        for step, before in self._done(message):
            for said in step.outputs:
                if said.name == name and msgspec.json.decode(said.payload) == content:
                    raise AssertionError(_story(step, before, f"{self._actor} says {name} {said.payload}"))

    def says(self, message: str, name: str, **fields: object) -> None:
        """Let the actor handle the message of this id again.

        Args:
            message: Its id.
            name: The wire name of what it is to say.
            fields: What that has to hold, as builtins of JSON.

        Raises:
            AssertionError: It does not say so, fails, or is not told the message any more.
        """
        __tracebackhide__ = True
        done = self._done(message)
        told = [said for step, _ in done for said in step.outputs]
        for said in told:
            if said.name == name and fields.items() <= msgspec.json.decode(said.payload).items():
                return
        wanted = f"{name} {msgspec.json.encode(fields).decode()}" if fields else name
        instead = ", ".join(f"{said.name} {said.payload}" for said in told) or "nothing"
        raise AssertionError(_story(*done[-1], f"{self._actor} does not say {wanted}; it says {instead}"))

    def _done(self, message: str) -> list[tuple[Step, list[Step]]]:
        """Return what was done on a message, each with what led to it.

        There is more than one where it had several attempts, or tells of the actor's own start.
        """
        __tracebackhide__ = True
        found: list[tuple[Step, list[Step]]] = []
        before: deque[Step] = deque(maxlen=LAST_INPUTS)
        for step in steps(self._actor, self._build, self._source, unknown="skip", want_states=False):
            if step.row.id == message:
                if step.error:
                    raise AssertionError(_story(step, list(before), f"{self._actor} fails: {step.error}"))
                found.append((step, list(before)))
            before.append(step)
        if not found:
            raise AssertionError(
                f"{self._actor} does not come to handle {message} any more: it fails before, or has no "
                "handler for it; make the test anew, or remove it"
            )
        return found


def _story(step: Step, before: list[Step], what: str) -> str:
    row = step.row
    lines = [
        f"{what}",
        f"  on            {row.name} {row.payload}",
        f"  which is      entry {row.seq} of {row.at:%Y-%m-%d %H:%M:%S} UTC, {row.id}",
        f"  handled by    {step.handler} at {step.place}",
        "  before that   it handled:" if before else "  before that   it handled nothing",
        *(f"    {one.row.seq}  {one.row.name}  {one.handler}" for one in before),
    ]
    return "\n".join(lines)
