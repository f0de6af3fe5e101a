"""What is installed runs without the checkout, and holds nothing that only tests need."""

import zipfile
from pathlib import Path

import pytest

from tests.e2e.bot import ACORE, AT_ANY_LOAD, PYTHON, started

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def wheel(tmp_path: Path) -> Path:
    """The wheel, built as pip builds it."""
    where = tmp_path / "wheels"
    build = (PYTHON, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    async with started((*build, "--wheel-dir", str(where), str(ROOT)), tmp_path, {}) as pip:
        assert await pip.ended(within=60.0) == 0, pip.output
    (built,) = where.iterdir()
    return built


async def test_the_installed_wheel_answers_without_the_checkout(
    wheel: Path, tmp_path: Path, home: Path
) -> None:
    installed = tmp_path / "installed"
    install = (PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target")
    async with started((*install, str(installed), str(wheel)), tmp_path, {}) as pip:
        assert await pip.ended(within=60.0) == 0, pip.output

    environ = {"PYTHONPATH": str(installed)}
    where = "import acore; from acore.storage import schema; print(acore.__file__, schema.__file__)"
    async with started((PYTHON, "-c", where), home, environ) as asked:
        await asked.ended()
    assert all(name.startswith(str(installed)) for name in asked.out.split()), asked.output

    async with started((*ACORE, "sandbox", "--data", "kept"), home, {**environ, **AT_ANY_LOAD}) as bot:
        await bot.type("/botstatus\n!user member\n/botstatus\n")
        assert await bot.ended() == 0, bot.output
    assert bot.out.count("Bot status: healthy") == 2, bot.output
    assert "owner used /botstatus" in bot.out
    assert bot.out.count("Record keeping") == 1
    assert (home / "kept" / "acore.db").is_file()

    async with started((*ACORE, "init"), home, environ) as asked:
        await asked.type("\n\n\n\n")
        assert await asked.ended() == 0, asked.output
    shipped = (installed / "acore" / "config" / "acore.toml").read_text()
    assert (home / "config" / "acore.toml").read_text() == shipped == (ROOT / "config/acore.toml").read_text()


async def test_the_wheel_holds_the_program_and_nothing_of_its_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        texts = {name: content.read(name).decode(errors="replace") for name in names}

    assert {name.split("/")[0].split("-")[0] for name in names} == {"acore", "acore_runtime"}
    assert "acore/migrations/acore/0001_initial.sql" in names
    assert "acore/config/acore.toml" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "test" in name.lower() or "__pycache__" in name]
    assert not [name for name, text in texts.items() if name.endswith(".py") and "test.crash" in text]
