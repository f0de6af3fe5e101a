"""What every test may use."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBusterFunction, blockbuster_ctx
from hypothesis import settings

TESTS = str(Path(__file__).parent)
# For `--hypothesis-profile=thorough`: random stories anew, and many more of them where a test asks for it.
settings.register_profile("thorough", deadline=None, print_blob=True)
ASYNCHRONOUS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio: nextcord and aiosqlite run on nothing else."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_blocking_call_on_the_loop() -> Iterator[None]:
    """Fail where acore reads a file, sleeps or waits on the event loop instead of in a thread."""
    with blockbuster_ctx("acore") as detector:
        for function in detector.functions.values():
            _let_tests_block(function)
        yield


def _let_tests_block(function: BlockBusterFunction) -> None:
    """Allow *function* in what a test calls itself: to look into a file it may hold up its own loop."""
    allowed: Callable[..., bool] = function.can_block_predicate

    def predicate(*args: object, **kwargs: object) -> bool:
        return allowed(*args, **kwargs) or _a_test_calls()

    function.deactivate()
    function.can_block_predicate = predicate
    function.activate()


def _a_test_calls() -> bool:
    """Return whether the coroutine that is running now is a test's own, not one of acore's."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_flags & ASYNCHRONOUS:
            return frame.f_code.co_filename.startswith(TESTS)
        frame = frame.f_back
    return False
