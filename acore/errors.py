"""What can go wrong in every room: the base of acore's errors, and the exit codes."""

from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """How the process ends; numbers are those of BSD's sysexits.h.

    Those of `acore status` are the Linux Standard Base's for an init script's status; it leaves 150 to 199 to
    the application.
    """

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make the row of *value*, with its sentence."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "It ended as asked."
    FAILURE = 1, "The command ran and its answer is no."
    DEAD = 2, "`acore status`: it does not run, and did not end in good order."
    STOPPED = 3, "`acore status`: it does not run; it was stopped in good order, or never started."
    USAGE = 64, "The command line was not understood."
    DATA = 65, "The database is damaged or was written by a newer acore."
    UNAVAILABLE = 69, "Something needed is not there: a port is taken, a server cannot be reached."
    SOFTWARE = 70, "A part kept failing and restarting it did not help, or one held up all others too long."
    CANT_CREATE = 73, "The data directory cannot be written."
    IO = 74, "Reading or writing failed: the disk is full or broken."
    TEMPORARY = 75, "Another acore runs on the same data; try again once it has stopped."
    PROTOCOL = 76, "Discord refused the connection for good."
    NO_PERMISSION = 77, "Discord refused the token."
    CONFIG = 78, "A setting is missing or wrong."
    NOT_CONNECTED = 150, "`acore status`: it runs, and is not connected to Discord or does not answer."
    NO_ANSWER = 151, "`acore sandbox invoke`: the bot did not respond, or not to the end."
    REFUSED = 152, "`acore sandbox invoke`: Discord's rules refuse what was given."
    NOT_JUDGED = 153, "`acore replay`: no verdict: something needed is missing, or nothing was asked for."


class AcoreError(Exception):
    """Something acore can name; each kind owns its sentence and its exit code."""

    exit_code: ClassVar[ExitCode] = ExitCode.SOFTWARE


class FatalError(AcoreError):
    """Trying again cannot help: supervisors pass it up at once and the process ends with its exit code."""
