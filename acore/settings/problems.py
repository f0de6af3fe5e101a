"""What is wrong with settings, all of it at once."""

from collections.abc import Iterable
from typing import ClassVar

from acore.errors import AcoreError, ExitCode
from acore.record import Record


class Problem(Record):
    """One thing that is wrong, as one sentence.

    Args:
        key: The setting as it was written; blank when a whole file is concerned.
        value: What was written, fit to be shown; blank when a whole file is concerned.
        source: Where: a file's path, "environment" or "answer".
        reason: What is wrong.
        remedy: What to do; blank when the reason says it.
    """

    key: str
    value: str
    source: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.key}={self.value} in {self.source}" if self.key else self.source
        return f"{place}: {self.reason}" + (f"; {self.remedy}" if self.remedy else "")


class SettingsError(AcoreError):
    """Settings cannot be taken as they are.

    Args:
        problems: Everything that is wrong; a line each in the message.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.CONFIG

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
