"""When the machine was started."""

from datetime import UTC, datetime

import psutil  # noqa: TID251 - acore.host reads the machine


def machine_started() -> datetime:
    """Return the instant at which the machine was started, UTC."""
    return datetime.fromtimestamp(psutil.boot_time(), UTC)
