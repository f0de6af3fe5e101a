"""How calls that take less than a microsecond are measured: in slices, by turns, in one process."""

import random
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter, process_time_ns

from acore.bench.runtime.shapes import Figures, Params

TYPES = 20
"""Message types among which the one that is measured has to be found."""
_SLICE = 2000
_LEAST = 9


def measure_calls(cases: Mapping[str, Callable[[], object]], params: Params) -> Figures:
    """Return the median of nanoseconds that each of *cases* takes, without what calling nothing takes."""
    calls = params.messages or _SLICE
    taken: dict[str, list[float]] = {name: [] for name in cases}
    names = list(cases)
    empty = median(_slice(_nothing, calls) for _ in range(_LEAST))
    until = perf_counter() + 2 * params.seconds
    while len(taken[names[0]]) < _LEAST or perf_counter() < until:
        random.shuffle(names)
        for name in names:
            taken[name].append(_slice(cases[name], calls))
    return {name: max(1.0, median(slices) - empty) for name, slices in taken.items()}


def _slice(call: Callable[[], object], calls: int) -> float:
    # Processor time, because the slice of a slow call takes longer than the machine leaves a process alone.
    began = process_time_ns()
    for _ in range(calls):
        call()
    return (process_time_ns() - began) / calls


def _nothing() -> None:
    """Take the time of a call."""
