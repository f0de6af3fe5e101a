"""What became of what was sent: counted from the moment at which it was meant to be sent."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from acore.sandbox.load.latencies import Latencies, Percentiles

MAX_KINDS = 20
MAX_REMEMBERED = 10_000


@dataclass(slots=True, eq=False)
class Sent:
    """One message or command; *due* is when it was meant to be sent, by the clock that never steps back.

    Latencies are counted from there: a driver or a sandbox that is late makes them longer, and is not
    forgiven the moments at which it did not even ask (coordinated omission).
    """

    due: float
    is_acknowledged: bool = False
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class StreamReport:
    """How messages, or commands, went; rates are a second's."""

    wanted_rate: float
    sent_rate: float
    done_rate: float
    sent: int
    acknowledged: int
    answered: int
    failed: int
    failures: dict[str, int]
    late: Percentiles | None
    acknowledgement: Percentiles | None
    answer: Percentiles | None


@dataclass(slots=True)
class Tally:
    """Counts one stream."""

    wanted_rate: float
    sent: int = 0
    answered: int = 0
    late: Latencies = field(default_factory=Latencies)
    acknowledgements: Latencies = field(default_factory=Latencies)
    answers: Latencies = field(default_factory=Latencies)
    failures: Counter[str] = field(default_factory=Counter[str])

    def send(self, due: float, now: float) -> Sent:
        """Count one that is sent now and was due at *due*."""
        self.sent += 1
        self.late.add(now - due)
        return Sent(due)

    def acknowledge(self, sent: Sent, now: float) -> None:
        """Count the first sign that it was taken; later signs count no more."""
        if not sent.is_acknowledged and not sent.is_over:
            sent.is_acknowledged = True
            self.acknowledgements.add(now - sent.due)

    def answer(self, sent: Sent, now: float) -> None:
        """Count the bot's answer; the first counts."""
        self.acknowledge(sent, now)
        if not sent.is_over:
            sent.is_over = True
            self.answered += 1
            self.answers.add(now - sent.due)

    def fail(self, sent: Sent, kind: str) -> None:
        """Count one that came to nothing, once."""
        if not sent.is_over:
            sent.is_over = True
            self.refuse(kind)

    def refuse(self, kind: str) -> None:
        """Count one that was never sent."""
        is_known = kind in self.failures or len(self.failures) < MAX_KINDS
        self.failures[kind if is_known else "other"] += 1

    def report(self, seconds: float, done: int) -> StreamReport:
        """Return how it went.

        Args:
            seconds: how long sending went on.
            done: how many of those sent came to what was wanted.
        """
        return StreamReport(
            wanted_rate=self.wanted_rate,
            sent_rate=self.sent / seconds if seconds else 0.0,
            done_rate=done / seconds if seconds else 0.0,
            sent=self.sent,
            acknowledged=self.acknowledgements.count,
            answered=self.answered,
            failed=sum(self.failures.values()),
            failures=dict(self.failures.most_common()),
            late=self.late.told(),
            acknowledgement=self.acknowledgements.told(),
            answer=self.answers.told(),
        )


class Remembered[K]:
    """What was sent, by a key, until it is over; the oldest are forgotten when it becomes too much."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[K, Sent] = OrderedDict()

    def keep(self, key: K, sent: Sent) -> None:
        """Remember one."""
        self._by_key[key] = sent
        if len(self._by_key) > MAX_REMEMBERED:
            self._by_key.popitem(last=False)

    def get(self, key: K | None) -> Sent | None:
        """Return the one with this key."""
        return None if key is None else self._by_key.get(key)

    def drop(self, key: K | None) -> Sent | None:
        """Return the one with this key, and forget it."""
        return None if key is None else self._by_key.pop(key, None)

    def open(self) -> list[Sent]:
        """Return those that are not over."""
        return [one for one in self._by_key.values() if not one.is_over]
