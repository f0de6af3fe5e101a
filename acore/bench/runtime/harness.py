"""Rounds of samples: every contestant once in each, in shuffled order, each in a fresh interpreter."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version

import msgspec

from acore.bench.runtime.rows import Job
from acore.record import Record

_TIME_LIMIT = 90.0
PEERS = {
    "peers.pykka": "pykka",
    "peers.xoscar": "xoscar",
    "peers.thespian": "thespian",
    "peers.mode": "mode-streaming",
    "peers.pyee": "pyee",
    "peers.bubus": "bubus",
    "peers.pydantic": "pydantic",
}
"""The libraries of the `bench` extra, by the contestant that needs them."""


class Progress(Record):
    """How far the rounds are; rounds count from 1, samples are those that are done in this one."""

    round: int
    rounds: int
    sample: int
    samples: int


class Taken(Record):
    """The figures of each job, one for each round; or why it has none."""

    figures: dict[Job, list[dict[str, float]]]
    failures: dict[Job, str]


def versions() -> dict[str, str]:
    """Return the versions of the peers that are installed."""
    found: dict[str, str] = {}
    for name in PEERS.values():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def take(jobs: Iterable[Job], rounds: int, on_sample: Callable[[Progress], None]) -> Taken:
    """Take a sample of every job in each round.

    Args:
        jobs: What to measure; each once, however often it is named.
        rounds: How many samples of each.
        on_sample: Told after each sample how far things are.
    """
    taken = Taken(figures={job: [] for job in jobs}, failures={})
    for number in range(1, rounds + 1):
        # What failed once is not asked again: its figures would belong to other rounds than the rest.
        order = _shuffled([job for job in taken.figures if job not in taken.failures])
        for index, job in enumerate(order, 1):
            brought = _sample(job)
            if isinstance(brought, str):
                taken.failures[job] = brought
            else:
                taken.figures[job].append(brought)
            on_sample(Progress(round=number, rounds=rounds, sample=index, samples=len(order)))
    return taken


def _shuffled(jobs: list[Job]) -> list[Job]:
    """Return *jobs* in an order of chance in which what is compared stays together.

    Whatever else the machine does changes within a minute; it should weigh on both sides of a ratio.
    """
    random.shuffle(jobs)
    families = dict.fromkeys(job.family for job in jobs)
    return [job for family in families for job in jobs if job.family == family]


def _sample(job: Job) -> dict[str, float] | str:
    """Return the figures of *job*, or what went wrong."""
    command = [sys.executable, "-m", "acore.bench.runtime.trial", job.what, job.who]
    try:
        ended = subprocess.run(  # noqa: S603 - this interpreter, with arguments of our own
            [*command, msgspec.json.encode(job.params).decode()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIME_LIMIT,
            check=False,
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {_TIME_LIMIT:g} s"
    said = ended.stdout.splitlines()
    if ended.returncode or not said:
        complaint = ended.stderr.decode(errors="replace").strip().splitlines()
        return complaint[-1] if complaint else f"it ended with {ended.returncode} and said nothing"
    return msgspec.json.decode(said[-1], type=dict[str, float])
