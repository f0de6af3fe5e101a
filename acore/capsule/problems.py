"""What can be wrong with a capsule, each in its own sentence."""

from pathlib import Path
from typing import ClassVar

from acore.errors import AcoreError, ExitCode


class CapsuleError(AcoreError):
    """A capsule cannot be made, read or taken in."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA


class NoCapsuleError(CapsuleError):
    """The file is something else."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is nothing that `acore events export -o FILE` wrote: its first line does not say so"
        )


class NewerCapsuleError(CapsuleError):
    """A newer acore has made the file."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has format {found} and this acore knows {known}: read it with the acore that made it, "
            "or install that one"
        )


class DamagedCapsuleError(CapsuleError):
    """Something in the file is not what was written."""

    def __init__(self, path: Path, line: int, before: int) -> None:
        super().__init__(
            f"line {line} of {path} is not what was written there: fetch the file again, or use only the "
            f"{before:,} entries before it: `acore events import {path} --data DIR --accept-damaged`"
        )


class SecretInJournalError(CapsuleError):
    """What was to be given away holds a secret."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, seq: int, name: str) -> None:
        super().__init__(
            f"entry {seq} ({name}) holds a secret of the settings or what looks like a Discord token, so "
            "nothing was exported: leave it out with --from and --to, or replace what people wrote with "
            "--redact text"
        )
        self.seq = seq


class NothingToExportError(CapsuleError):
    """No row fits what was asked for."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self) -> None:
        super().__init__("no entry of the journal matches, so there is nothing to export")


class NotResumableError(CapsuleError):
    """What was left behind by an export cannot be gone on with."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, why: str) -> None:
        super().__init__(f"the export cannot be resumed ({why}): begin it anew, without --resume")


class OtherEntryError(CapsuleError):
    """Two sources have different entries under one number."""

    def __init__(self, seq: int, one: str, other: str) -> None:
        super().__init__(
            f"entry {seq} is {one} in one and {other} in the other: these are journals of different bots, "
            "or one of them was changed"
        )


class DuplicateEntryError(CapsuleError):
    """An entry is there already."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, seq: int) -> None:
        super().__init__(f"entry {seq} is there already: take it once with --skip-duplicates")


class GapError(CapsuleError):
    """Entries between two pieces are missing."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, after: int, before: int) -> None:
        super().__init__(
            f"entries after {after} and before {before} are missing: add the piece that has them, or "
            "go on without them with --allow-gaps"
        )


class PartialCapsuleError(CapsuleError):
    """The file has only some of the entries of its range."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} has only some of the entries between its first and its last: take it with --allow-gaps, "
            "or export the whole range"
        )
