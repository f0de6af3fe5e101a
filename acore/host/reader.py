"""Reads the machine and this process. Every call blocks for a moment: call it in a thread."""

from pathlib import Path

import psutil  # noqa: TID251 - acore.host is where the machine is read

from acore.record import Record


class Reading(Record):
    """The machine and this process at one moment. Percents are 0 to 100."""

    cpu_percent: float
    memory_percent: float
    process_bytes: int
    process_cpu_percent: float
    disk_percent: float


class HostReader:
    """Keeps what psutil needs between two readings: processor use is counted from the last one."""

    def __init__(self, data_dir: Path) -> None:
        """Prepare to read; the disk is that of *data_dir*."""
        self._data_dir = data_dir
        self._process = psutil.Process()
        psutil.cpu_percent(interval=None)
        self._process.cpu_percent(interval=None)

    def read(self) -> Reading:
        """Return a new reading.

        Raises:
            OSError: The system does not say, e.g. because the data directory is gone.
        """
        with self._process.oneshot():
            resident = self._process.memory_info().rss
            own_cpu = self._process.cpu_percent(interval=None)
        return Reading(
            cpu_percent=psutil.cpu_percent(interval=None),
            memory_percent=psutil.virtual_memory().percent,
            process_bytes=resident,
            process_cpu_percent=own_cpu,
            disk_percent=psutil.disk_usage(str(self._data_dir)).percent,
        )


def resident_bytes(pid: int) -> int:
    """Return the resident memory of the process *pid*.

    Raises:
        psutil.Error: There is no such process, or it may not be looked at.
    """
    return psutil.Process(pid).memory_info().rss


def written_bytes(pid: int) -> int:
    """Return how many bytes the process *pid* has had written to disks since it began.

    Raises:
        psutil.Error: There is no such process, or it may not be looked at.
    """
    return psutil.Process(pid).io_counters().write_bytes
