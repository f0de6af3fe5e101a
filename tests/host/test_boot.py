"""When the machine was started, read for real."""

from pathlib import Path

from acore.clock import RealClock
from acore.host.boot import machine_started


def test_the_machine_was_started_before_now_as_long_ago_as_it_says() -> None:
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    ago = (RealClock().now() - machine_started()).total_seconds()

    assert abs(ago - uptime) < 60
