"""Every contestant does what it is there for: a few messages each."""

import subprocess
import sys

import msgspec
import pytest

from acore.bench.runtime.harness import PEERS, versions
from acore.bench.runtime.rows import lines
from acore.bench.runtime.shapes import Params

FEW = Params(fan_out=2, actors=3, seconds=0.01, messages=5)
# In one process, because what takes long is importing; and not in this one, whose catalog stays acore's own.
SCRIPT = """
import json, sys
import anyio, msgspec
from acore.bench.runtime.trial import take_sample
from acore.bench.runtime.shapes import Params
jobs, params = json.loads(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Params)
for what, who in jobs:
    print(json.dumps([what, who, anyio.run(take_sample, what, who, params)]), flush=True)
sys.stdout.flush()
__import__("os")._exit(0)
"""

Job = tuple[str, str]


def jobs_of(group: str) -> list[Job]:
    """Return what the table measures, and of whom, once each."""
    jobs = [(job.what, job.who) for line in lines() for job in line.jobs]
    return [job for job in dict.fromkeys(jobs) if job[1].startswith(f"{group}.")]


def figures_of(jobs: list[Job]) -> dict[Job, dict[str, float]]:
    """Take a small sample of each."""
    arguments = [msgspec.json.encode(one).decode() for one in (jobs, FEW)]
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stdout + told.stderr
    brought = [
        msgspec.json.decode(line, type=tuple[str, str, dict[str, float]]) for line in told.stdout.splitlines()
    ]
    return {(what, who): figures for what, who, figures in brought}


@pytest.mark.parametrize("group", ["floors", "ours"])
def test_every_contestant_brings_the_figures_of_its_rows(group: str) -> None:
    """A1-A9, B1, D1-D6, N1, N2: acore's own and the hand-written ones deliver all they are sent."""
    jobs = jobs_of(group)

    brought = figures_of(jobs)

    assert list(brought) == jobs
    for line in lines():
        for pair in line.pairs:
            for figure in (pair.ours, pair.reference):
                if figure is not None and (job := (figure.job.what, figure.job.who)) in brought:
                    # Three actors more are no page of memory more.
                    assert brought[job][figure.key] >= 0, (line.row, job)
                    assert figure.key in {"kib", "cpu_percent"} or brought[job][figure.key] > 0, (
                        line.row,
                        job,
                    )


def test_every_library_that_is_installed_brings_its_figures() -> None:
    """A3, A4, A8, B2 and D2: each library delivers all it is sent."""
    here = versions()
    jobs = [(what, who) for what, who in jobs_of("peers") if PEERS[who] in here]

    brought = figures_of(jobs)

    assert list(brought) == jobs
    assert {who for _, who in brought} == {who for who, name in PEERS.items() if name in here}
