"""The Tab key: it takes the first of what can be typed next, also if that is still being looked for."""

from collections.abc import Callable
from contextlib import aclosing

import anyio
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys

from acore.sandbox import realtime

PATIENCE = 1.0
"""Seconds that a key waits for what an earlier Tab looks for."""


class Tab:
    """What Tab does at one prompt.

    prompt_toolkit's own Tab does nothing while completions are on their way, so that `/bot`, Tab, Enter typed
    in one go would say `/bot`. Here the keys that follow wait until the completion is there.

    Args:
        keys: where it is bound.
        begin: called before it looks, so that nothing else asks a bot for the same.
    """

    def __init__(self, keys: KeyBindings, begin: Callable[[], None]) -> None:
        self._begin = begin
        self._held: list[KeyPress] = []
        self._looking: anyio.CancelScope | None = None
        keys.add("tab")(self._press)
        keys.add(Keys.Any, filter=Condition(lambda: self._looking is not None), eager=True)(self._hold)

    def _press(self, event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.completions:
            buffer.complete_next()
            return
        self._begin()
        self._looking = anyio.CancelScope()
        # As long as this stands there, what is looked for while one types keeps away.
        buffer.complete_state = CompletionState(buffer.document)
        event.app.create_background_task(self._look(event.app, buffer, self._looking))

    def _hold(self, event: KeyPressEvent) -> None:
        """Keep a key for when the completion is there; Ctrl-C does not wait."""
        assert self._looking is not None  # noqa: S101 - the filter says so
        if not self._held:
            event.app.create_background_task(_give_up(self._looking))
        self._held += event.key_sequence
        if self._held[-1].key == Keys.ControlC:
            self._looking.cancel()

    async def _look(self, app: Application[object], buffer: Buffer, scope: anyio.CancelScope) -> None:
        document = buffer.document
        found: list[Completion] = []
        try:
            with scope:
                wanted = CompleteEvent(completion_requested=True)
                async with aclosing(buffer.completer.get_completions_async(document, wanted)) as completions:
                    found = [one async for one in completions]
        finally:
            self._looking = None
            held, self._held = self._held, []
        buffer.complete_state = CompletionState(document, found) if found else None
        if found:
            buffer.go_to_completion(0)
        app.key_processor.feed_multiple(held)
        app.key_processor.process_keys()
        app.invalidate()


async def _give_up(scope: anyio.CancelScope) -> None:
    await realtime.sleep(PATIENCE)
    scope.cancel()
