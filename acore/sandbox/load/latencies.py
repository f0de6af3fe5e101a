"""Latencies in bounded memory, as HdrHistogram keeps them.

Values fall into buckets whose width grows with the value, so that each percentile is right to a thousandth
however many values there are and however long the longest is.
"""

import math
from collections import Counter
from dataclasses import dataclass

SUB_BITS = 10
EXACT_BELOW = 1 << SUB_BITS + 1
"""Microseconds up to which every value has a bucket of its own."""
PERCENTILES = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What `Latencies` tells: milliseconds, and of how many values."""

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    max: float


class Latencies:
    """Counts durations; a percentile is at most a thousandth too high, the greatest is exact."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._greatest = 0
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count one duration; one that is negative counts as none at all."""
        value = max(0, round(seconds * 1_000_000))
        self._buckets[_bucket(value)] += 1
        self._greatest = max(self._greatest, value)
        self.count += 1

    def percentile(self, percent: float) -> float:
        """Return the seconds within which *percent* of them were (nearest rank); 0 if there are none."""
        wanted, seen = max(1, math.ceil(self.count * percent / 100)), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_highest(bucket), self._greatest) / 1_000_000
        return 0.0

    @property
    def greatest(self) -> float:
        """The longest duration in seconds."""
        return self._greatest / 1_000_000

    def told(self) -> Percentiles | None:
        """Return the percentiles that are reported, None if nothing was counted."""
        if not self.count:
            return None
        p50, p90, p99, p999 = (self.percentile(one) * 1000 for one in PERCENTILES)
        return Percentiles(self.count, p50, p90, p99, p999, self.greatest * 1000)


def _bucket(value: int) -> int:
    shift = max(0, value.bit_length() - SUB_BITS - 1)
    return (shift << SUB_BITS) + (value >> shift)


def _highest(bucket: int) -> int:
    """Return the greatest value that falls into a bucket."""
    if bucket < EXACT_BELOW:
        return bucket
    shift = (bucket >> SUB_BITS) - 1
    return ((bucket - (shift << SUB_BITS) + 1) << shift) - 1
