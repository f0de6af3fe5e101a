"""How often Python looks for garbage while modules are imported, which make none to speak of."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

_YOUNG = 20_000


@contextmanager
def seldom_collected() -> Generator[None]:
    """Look for garbage only after each 20,000 new objects in the block, as nearly all that it makes stays.

    With Python's own 700, a tenth of the time that the imports take is spent on looking. More than 20,000
    saves little, and then memory grows by what garbage there is.
    """
    before = gc.get_threshold()
    gc.set_threshold(_YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
