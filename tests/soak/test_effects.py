"""What becomes of an effect whose process is killed, seen from outside: real processes, a real file."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acore.events.base import Policy
from acore.soak.effects import EFFECT_ID, OUTSIDE, Moment
from acore.storage.store import DATABASE_NAME
from tests.storage.world import PYTHON, ROOT, rows

AGAIN, ONCE, ASKED = Policy.IDEMPOTENT, Policy.AT_MOST_ONCE, Policy.ASK_OPERATOR


@contextmanager
def victim(directory: Path, policy: Policy, moment: Moment) -> Generator[subprocess.Popen[bytes]]:
    """Start the process; it is dead after the block."""
    command = (PYTHON, "-m", "acore.soak.effects", str(directory), policy, moment)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def killed_at(directory: Path, policy: Policy, moment: Moment) -> None:
    """Have the effect asked for, and kill the process when it has come to *moment*."""
    with victim(directory, policy, moment) as process:
        assert process.stdout is not None
        assert process.stdout.readline().decode().strip() == moment


def next_run(directory: Path, policy: Policy) -> None:
    """Let a later run deal with what is left, and end in order."""
    with victim(directory, policy, Moment.NONE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().decode().strip() == "settled"
        assert process.wait(timeout=20) == 0


def written(directory: Path) -> int:
    """Return how often the effect was seen outside, each time under its own id."""
    path = directory / OUTSIDE
    lines = path.read_text().splitlines() if path.exists() else []
    assert set(lines) <= {EFFECT_ID}
    return len(lines)


def outcomes(directory: Path) -> list[str]:
    """Return the names of the effect's outcomes in the journal."""
    found = rows(directory / DATABASE_NAME, "SELECT name FROM journal WHERE id = ?", f"{EFFECT_ID}.end")
    return [name for (name,) in found]


def owed(directory: Path) -> int:
    return len(rows(directory / DATABASE_NAME, "SELECT id FROM outbox"))


@pytest.mark.parametrize(
    ("policy", "moment", "seen", "outcome"),
    [
        (AGAIN, Moment.ACCEPTED, (0, 0), None),
        (AGAIN, Moment.DURABLE, (0, 1), "soak.written"),
        (AGAIN, Moment.DONE, (1, 2), "soak.written"),
        (AGAIN, Moment.OUTCOME, (1, 1), "soak.written"),
        (ONCE, Moment.DURABLE, (0, 0), "effect.abandoned"),
        (ONCE, Moment.DONE, (1, 1), "effect.abandoned"),
        (ASKED, Moment.DONE, (1, 1), None),
    ],
)
def test_what_a_killed_process_left_is_dealt_with_as_the_policy_says(
    tmp_path: Path, policy: Policy, moment: Moment, seen: tuple[int, int], outcome: str | None
) -> None:
    """J01, J02: an effect is seen outside only when it is on disk, and after that exactly as declared."""
    before, after = seen
    killed_at(tmp_path, policy, moment)
    assert written(tmp_path) == before
    is_open = moment in {Moment.DURABLE, Moment.DONE}
    assert owed(tmp_path) == is_open

    next_run(tmp_path, policy)
    assert written(tmp_path) == after
    assert outcomes(tmp_path) == ([] if outcome is None else [outcome])
    assert owed(tmp_path) == (policy is ASKED)


def test_an_effect_that_kills_every_run_is_left_to_a_person(tmp_path: Path) -> None:
    """J02: the first run and three more die of it, the fifth lives."""
    for run in range(1, 5):
        killed_at(tmp_path, AGAIN, Moment.DONE)
        assert written(tmp_path) == run

    next_run(tmp_path, AGAIN)
    assert written(tmp_path) == 4
    assert (outcomes(tmp_path), owed(tmp_path)) == ([], 1)
