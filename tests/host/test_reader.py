"""The machine, read for real: the figures are sane, whatever they are."""

import os
from pathlib import Path

import pytest

from acore.host.reader import HostReader, resident_bytes


def test_a_reading_is_in_its_units(tmp_path: Path) -> None:
    reading = HostReader(tmp_path).read()

    assert 0 <= reading.cpu_percent <= 100
    assert 0 < reading.memory_percent <= 100
    assert 0 < reading.disk_percent <= 100
    assert reading.process_cpu_percent >= 0
    assert 5_000_000 < reading.process_bytes < 5_000_000_000


def test_the_process_is_this_one(tmp_path: Path) -> None:
    reading, resident = HostReader(tmp_path).read(), resident_bytes(os.getpid())

    assert reading.process_bytes == pytest.approx(resident, rel=0.2)


def test_work_between_two_readings_shows_in_the_second(tmp_path: Path) -> None:
    reader = HostReader(tmp_path)
    reader.read()
    assert sum(number * number for number in range(3_000_000)) > 0

    assert reader.read().process_cpu_percent > 10


def test_a_data_directory_that_is_gone_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        HostReader(tmp_path / "gone").read()
