"""`python -m acore.replay.child`: what `acore replay` and its kin start, and speak to over pipes."""

import os
import signal
import sys
from types import TracebackType

from acore.errors import AcoreError, ExitCode
from acore.replay.child.seal import Seal

_NICE = 10


def main() -> int:
    """Do what standard input asks for."""
    # Ctrl-C goes to every process of the terminal; who started this one ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A bot that runs beside it has something to do that cannot wait.
    os.nice(_NICE)
    seal = Seal()
    # After the seal is there and before it is closed: what takes functions of time by name gets watched ones.
    from acore.replay.child.pulse import Pipe  # noqa: PLC0415 - see above
    from acore.replay.child.wire import Failed  # noqa: PLC0415 - see above
    from acore.replay.child.work import work  # noqa: PLC0415 - see above

    pipe = Pipe()
    try:
        work(pipe, seal)
    except BrokenPipeError:
        return ExitCode.IO  # nobody listens any more
    except AcoreError as error:
        lines = (*str(error).splitlines(), *getattr(error, "__notes__", ()))
        pipe.say(Failed(code=error.exit_code, lines=lines))
    except Exception as error:  # noqa: BLE001 - whatever it is, who started this one is to know
        text = (
            f"the replay itself failed: {type(error).__name__}: {error} at {_innermost(error.__traceback__)}"
        )
        pipe.say(Failed(code=ExitCode.SOFTWARE, lines=(text,)))
    return ExitCode.OK


def _innermost(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown place" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # What actors have left behind is not to run on the way out.
    os._exit(code)
