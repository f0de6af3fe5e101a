"""Makes the golden journal of this version: `python -m tests.replay.record`, from the top of the checkout.

The real bot, on the sandbox: commands, denials, parts restarted, the failure of a core actor, a death by
SIGKILL, and a second run that ends in good order. What is personal is replaced.
"""

import sys
import tempfile
from pathlib import Path

import anyio

from acore import __version__
from acore.cli import invoke
from acore.sandbox import Person, Sandbox
from tests.e2e.bot import ACORE, PYTHON, Bot, settings_for, started

GOLDEN = Path(__file__).with_name("golden")
UNLUCKY = str(Path(__file__).with_name("unlucky.py"))
_SEED = 20260131


async def live(home: Path) -> None:
    """Live what is to be recorded, in an empty directory."""
    async with (
        Sandbox(answer_within=30.0, seed=_SEED) as sandbox,
        Person(sandbox.api, sandbox.world.owner.token) as owner,
        Person(sandbox.api, sandbox.world.member.token) as member,
    ):
        environ = settings_for(sandbox)
        async with started((PYTHON, UNLUCKY), home, {**environ, "PYTHONPATH": "."}) as bot:
            await bot.said("/ops is now registered in server")
            await _ask(owner, member)
            await owner.invoke("ops restart", {"part": "config"})
            await bot.said("The settings failed while handling")
            await owner.invoke("ops restart", {"part": "config"})
            await _ask(owner, member)
            await bot.kill()
        async with started((*ACORE, "run"), home, environ) as bot:
            await bot.said("Connected as")
            await _ask(owner, member)
            await owner.invoke("ops restart", {"part": "metrics"})
            await _end(bot)


async def _ask(owner: Person, member: Person) -> None:
    await owner.invoke("botstatus")
    await member.invoke("botstatus")
    await member.invoke("ops restart", {"part": "gateway"})
    await owner.invoke("ops actors")


async def _end(bot: Bot) -> None:
    code = await bot.stop()
    assert code == 0, bot.output


def main() -> None:
    """Record, and write the capsule of this version."""
    path = GOLDEN / f"{__version__}.jsonl"
    with tempfile.TemporaryDirectory() as directory:
        anyio.run(live, Path(directory))
        data = str(Path(directory) / "data")
        redact = [part for what in ("ids", "names", "text") for part in ("--redact", what)]
        code = invoke(["events", "--data", data, "export", "-o", str(path), *redact])
    path.chmod(0o644)
    sys.exit(code)


if __name__ == "__main__":
    main()
