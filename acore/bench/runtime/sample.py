"""The one message that all contestants carry: six fields."""

from acore.record import Record


class Sample(Record):
    """A reading of something, as a bot would publish it."""

    id: int
    ts: float
    source: str
    seq: int
    level: str
    value: float


FIELDS: dict[str, int | float | str] = {
    "id": 123456,
    "ts": 1722850000.123456,
    "source": "discord.gateway",
    "seq": 42,
    "level": "info",
    "value": 3.14159,
}
SAMPLE = Sample(
    id=123456, ts=1722850000.123456, source="discord.gateway", seq=42, level="info", value=3.14159
)
REPLY = SAMPLE.seq
"""What every contestant answers when it is asked with the sample."""
