"""An incident becomes a test: it fails as long as the actor does what it did, and passes once it does not."""

import importlib
import os
import runpy
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import pytest

from acore.cli import invoke
from acore.errors import ExitCode
from acore.events.base import Event
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row
from tests.actors.house import house
from tests.capsule import lived

SHOP = dedent('''\
    """A till of somebody's own: what it takes, and what it says of that."""

    import msgspec

    from acore.events.base import Event
    from acore.events.catalog import wire
    from acore.runtime.actor import Actor, Context
    from acore.runtime.handlers import handles


    @wire("shop.paid")
    class Paid(Event):
        """Somebody paid, for so many things."""

        cents: int
        things: int
        who: str = ""


    @wire("shop.receipt")
    class Receipt(Event):
        """What one thing cost."""

        each: int


    @wire("shop.thanked")
    class Thanked(Event):
        """Somebody was thanked."""

        who: str


    class Till(msgspec.Struct):
        taken: int = 0


    class TillActor(Actor[Till]):
        """Takes money."""

        @handles
        async def take(self, paid: Paid, ctx: Context) -> None:
            """Take it, and say what one thing cost."""
            self.state.taken += paid.cents
            ctx.publish(Receipt(each=paid.cents // paid.things))
    ''')
MENDED = SHOP.replace(
    "        ctx.publish(Receipt(each=paid.cents // paid.things))",
    "        if paid.things and paid.cents:\n"
    "            ctx.publish(Receipt(each=paid.cents // paid.things))\n"
    "        if paid.who:\n"
    "            ctx.publish(Thanked(who=paid.who))",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's bot, with a fault, and the journal of a day on which it showed."""
    path = tmp_path_factory.mktemp("project")
    (path / "shop_of_a_test.py").write_text(SHOP, "utf-8")
    sys.path.insert(0, str(path))
    shop: Any = importlib.import_module("shop_of_a_test")
    sys.path.remove(str(path))

    async def live() -> None:
        till = ChildSpec(id="till", actor=shop.TillActor, backoff=Backoff(first=1, cap=1, jitter=0))
        async with house(path / "data", till) as home:
            for event in (
                shop.Paid(cents=500, things=2),
                shop.Paid(cents=0, things=3),
                shop.Paid(cents=300, things=0),
                shop.Paid(cents=100, things=1, who="Alice"),
            ):
                said: Event = event
                await home.tell(said)
                await home.clock.advance(5)

    anyio.run(live)
    return path


def rows(project: Path, name: str) -> list[Row]:
    return [row for row in lived.rows(lived.database_in(project / "data")) if row.name == name]


def told_by_pytest(project: Path) -> str:
    """Run what was generated as its author would, and return what pytest said."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "."],
        cwd=project,
        env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
    )
    return done.stdout.decode() + done.stderr.decode()


def generated(project: Path, key: int, name: str, *more: str) -> None:
    """Have a test made of an entry, as an operator would."""
    to = project / f"test_{name}.py"
    given = ["--data", str(project / "data"), "export", str(key), "--as-test", "-o", str(to), *more]
    assert invoke(["events", *given, "--actor-from", "shop_of_a_test:TillActor"]) == ExitCode.OK
    assert max(map(len, to.read_text("utf-8").splitlines())) <= 110


def test_a_test_fails_until_the_fault_is_mended_and_passes_then(project: Path) -> None:
    """R17: what failed, what should not have been said, and what should have been; each tells its story."""
    ends = rows(project, "actor.exited")
    end = next(row for row in ends if "ZeroDivisionError" in row.payload)
    receipt = next(row for row in rows(project, "shop.receipt") if row.payload == '{"each":0}')
    alice = next(row for row in rows(project, "shop.paid") if "Alice" in row.payload)

    generated(project, end.seq, "end")
    generated(project, receipt.seq, "receipt")
    generated(project, alice.seq, "thanks", "--actor", "till", "--expect", "shop.thanked:who=Alice")
    before = told_by_pytest(project)
    (project / "shop_of_a_test.py").write_text(MENDED, "utf-8")
    after = told_by_pytest(project)
    (project / "shop_of_a_test.py").write_text(SHOP, "utf-8")

    assert "3 failed" in before, before
    assert "till fails: ZeroDivisionError" in before
    assert 'till says shop.receipt {"each":0}' in before
    assert 'till does not say shop.thanked {"who":"Alice"}; it says shop.receipt {"each":100}' in before
    assert f"entry {alice.seq} of 2026-01-01 00:00:" in before
    assert "handled by    take at " in before
    assert "shop_of_a_test.py:" in before
    assert "3 passed" in after, after


def test_what_should_have_been_said_is_redacted_too(data: Path, tmp_path: Path) -> None:
    """R17: what was typed for --expect; else a name is given away, in a test that nothing could mend."""
    asked = next(row for row in lived.rows(lived.database_in(data)) if row.name == "part.restart")
    to = tmp_path / "test_asked.py"
    expected = f"audit.noted:who={lived.ALICE.name} ({lived.ALICE.id}),outcome=done"
    given = [
        "export",
        str(asked.seq),
        "--as-test",
        "-o",
        str(to),
        "--actor",
        "lifecycle",
        "--expect",
        expected,
    ]

    assert (
        invoke(["events", "--data", str(data), *given, "--redact", "names", "--redact", "ids"]) == ExitCode.OK
    )

    for path in (to, to.with_suffix(".jsonl")):
        text = path.read_text("utf-8")
        assert lived.ALICE.name not in text
        assert str(lived.ALICE.id) not in text
    assert 'outcome="done"' in to.read_text("utf-8")


def test_an_actor_of_acores_own_is_found_by_its_name(data: Path, tmp_path: Path) -> None:
    """R17: nothing has to be said of it; what it did it does again, so that the test fails."""
    noted = next(
        row for row in lived.rows(lived.database_in(data)) if row.name == "audit.noted" and row.cause
    )
    to = tmp_path / "test_noted.py"

    given = ["--data", str(data), "export", noted.id, "--as-test", "-o", str(to)]
    assert invoke(["events", *given]) == ExitCode.OK
    made = runpy.run_path(str(to))

    (test,) = (value for name, value in made.items() if name.startswith("test_"))
    with pytest.raises(AssertionError, match=r"lifecycle says audit\.noted .*\n  on  +actor\.started"):
        test()


@pytest.mark.parametrize(
    ("key", "more", "words"),
    [
        ("shop.paid", (), "nothing was being handled when it came about"),
        ("shop.paid", ("--expect", "shop.thanked:=x"), "--expect 'shop.thanked:=x' cannot be read at '=x'"),
        (
            "shop.receipt",
            ("--actor-from", "nowhere:Till"),
            "--actor-from nowhere:Till: No module named 'nowhere'",
        ),
        ("actor.started", (), "nothing was being handled"),
        ("shop.receipt", (), "'till' is no actor that can be replayed"),
        ("shop.receipt", ("-o", "test.txt"), "test.txt is no name of a test"),
    ],
)
@pytest.mark.usefixtures("_elsewhere")
def test_what_cannot_become_a_test_is_said(
    project: Path, capsys: pytest.CaptureFixture[str], key: str, more: tuple[str, ...], words: str
) -> None:
    """R17: in one sentence, and nothing is written."""
    number = str(rows(project, key)[0].seq)
    given = ["--data", str(project / "data"), "export", number, "--as-test", "-o", "test_x.py", *more]

    assert invoke(["events", *given]) in {ExitCode.FAILURE, ExitCode.USAGE}

    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(Path().iterdir())


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
