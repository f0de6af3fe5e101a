"""What was at its limit, so that one knows what was measured."""

from dataclasses import replace

import pytest

from acore.sandbox.load.backlog import unread_bytes
from acore.sandbox.load.flood import verdict
from acore.sandbox.load.latencies import Percentiles
from acore.sandbox.load.report import Limit, Saturation, limit_of
from acore.sandbox.load.tally import StreamReport


def all_at(milliseconds: float) -> Percentiles:
    return Percentiles(100, *[milliseconds] * 5)


CALM = Saturation(
    seconds=10,
    loop_lag=all_at(1),
    processor_share=0.2,
    rest=all_at(1),
    backlog_bytes=10_000_000,
    last_backlog_bytes=100,
)
WELL = StreamReport(
    wanted_rate=10,
    sent_rate=10,
    done_rate=10,
    sent=100,
    acknowledged=100,
    answered=100,
    failed=0,
    failures={},
    late=all_at(2),
    acknowledgement=all_at(5),
    answer=all_at(20),
)


@pytest.mark.parametrize(
    ("sandbox", "driver_share", "stream", "unanswered", "limit"),
    [
        (CALM, 0.2, WELL, 0, Limit.NOTHING),
        (None, 0.2, WELL, 7, Limit.GONE),
        (replace(CALM, processor_share=0.95), 0.95, WELL, 7, Limit.SANDBOX),
        (CALM, 0.95, WELL, 7, Limit.DRIVER),
        (replace(CALM, loop_lag=all_at(80)), 0.2, WELL, 7, Limit.MACHINE),
        (CALM, 0.2, replace(WELL, late=all_at(150)), 7, Limit.MACHINE),
        (CALM, 0.2, WELL, 1, Limit.BOT),
        (CALM, 0.2, replace(WELL, answer=all_at(1500)), 0, Limit.BOT),
        (replace(CALM, last_backlog_bytes=1_000_000), 0.2, WELL, 0, Limit.BOT),
    ],
)
def test_the_first_that_had_nothing_to_give_any_more_is_the_limit(
    sandbox: Saturation | None, driver_share: float, stream: StreamReport, unanswered: int, limit: Limit
) -> None:
    assert limit_of([stream], driver_share, sandbox, unanswered) is limit


def test_every_limit_has_its_sentence() -> None:
    sentences = {one.sentence for one in Limit}

    assert len(sentences) == len(Limit)
    assert "the figures say nothing about the bot" in Limit.SANDBOX.sentence


@pytest.mark.parametrize(
    ("limit", "taken_rate", "sentence"),
    [
        (Limit.BOT, 5000.0, "The bot was the limit: it read 5,000 a second."),
        (Limit.BOT, None, "The bot was the limit: it had not read everything in the end."),
        (Limit.SANDBOX, 9000.0, "The sandbox was the limit: it wrote 9,000 a second, and the bot kept up."),
        (Limit.NOTHING, 200.0, "The bot kept up with 200 a second."),
    ],
)
def test_how_fast_a_bot_is_says_what_it_read_not_what_was_written_to_it(
    limit: Limit, taken_rate: float | None, sentence: str
) -> None:
    assert verdict(limit, 200, 9000, taken_rate) == sentence


class Line:
    def __init__(self, ports: tuple[int, int] | None, unsent_bytes: int) -> None:
        self.ports = ports
        self.unsent_bytes = unsent_bytes


TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000010:00000007 00:00000000 00000000  0 0 2 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:1F90 01 00000003:00000100 00:00000000 00000000  0 0 3 1 0 20 4 30 10 -1
   3: 0100007F:1F90 0100007F:C351 01 00001000:00000000 00:00000000 00000000  0 0 4 1 0 20 4 30 10 -1
   4: 0100007F:C351 0100007F:1F90 01 00000000:00001000 00:00000000 00000000  0 0 5 1 0 20 4 30 10 -1
"""


def test_unread_is_what_waits_here_on_the_way_and_at_the_client() -> None:
    bot = Line((0x1F90, 0xC350), 5)

    # The client's own sending, and what the server has not read, is another thing; so are other clients.
    assert unread_bytes([bot], TABLE) == 5 + 0x10 + 0x100
    assert unread_bytes([bot], None) == 5
    assert unread_bytes([], TABLE) == 0
    assert unread_bytes([Line(None, 9)], TABLE) == 9
