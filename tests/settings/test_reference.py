import subprocess
import sys
from pathlib import Path

import pytest

from acore.settings.load import load
from acore.settings.reference import COMMAND, env_example, files, settings_table, toml_default
from acore.settings.schema import Settings, declared

CHECKOUT = Path(__file__).parents[2]


def uncommented(text: str) -> str:
    """Remove the # in front of what sets something, as an operator would; prose has a space behind it."""
    return "".join(
        line.removeprefix("#") if line[1:2] != " " else line for line in text.splitlines(keepends=True)
    )


@pytest.mark.parametrize("name", files())
def test_the_generated_files_are_up_to_date(name: str) -> None:
    assert (CHECKOUT / name).read_text(encoding="utf-8") == files()[name], f"run: {COMMAND}"


def test_the_command_writes_the_files(tmp_path: Path) -> None:
    for folder in ("config", "docs"):
        (tmp_path / folder).mkdir()

    done = subprocess.run(
        [sys.executable, *COMMAND.split()[1:]],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CHECKOUT)},
        check=True,
        capture_output=True,
        text=True,
    )

    wrote = [line for line in done.stdout.splitlines() if line.startswith("wrote")]
    assert wrote == [f"wrote {name}" for name in (*files(), "docs/reference.md", "docs/sandbox-api.md")]
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in files()} == files()


def test_the_shipped_files_set_nothing(tmp_path: Path) -> None:
    (tmp_path / "acore.toml").write_text(toml_default())
    (tmp_path / ".env").write_text(env_example())

    loaded = load(toml=tmp_path / "acore.toml", env_file=tmp_path / ".env", environ={})

    assert set(loaded.sources.values()) == {"default"}
    assert loaded.host == {}


def test_with_every_line_uncommented_every_setting_is_set_to_its_default(tmp_path: Path) -> None:
    toml, env_file = tmp_path / "acore.toml", tmp_path / ".env"
    toml.write_text(uncommented(toml_default()))
    env_file.write_text(uncommented(env_example()))

    from_toml = load(toml=toml, env_file=None, environ={})
    from_env = load(toml=None, env_file=env_file, environ={})

    assert from_toml.settings == from_env.settings == Settings()
    assert set(from_env.sources.values()) == {str(env_file)}
    assert {key for key, source in from_toml.sources.items() if source == "default"} == {"DISCORD_TOKEN"}


def test_no_secret_has_a_place_in_the_settings_file() -> None:
    assert "token" not in toml_default()


def test_the_table_has_a_row_for_every_setting() -> None:
    head, rule, *rows = settings_table().splitlines()

    assert head.count("|") == rule.count("|") == 5
    assert [row.split("`")[1] for row in rows] == list(declared())
    assert all(row.count("|") == 5 for row in rows)
    assert "| whole number from 5 to 3600, in seconds | `60` |" in settings_table()


def test_lines_of_the_files_fit_a_terminal() -> None:
    assert max(map(len, (env_example() + toml_default()).splitlines())) <= 100
