import os
import resource
import signal
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.errors import ExitCode
from acore.settings.init import (
    QUESTIONS,
    AlreadyThereError,
    Answers,
    CannotWriteError,
    answered,
    write,
)
from acore.settings.load import load
from acore.settings.problems import SettingsError
from acore.settings.reference import toml_default
from acore.settings.schema import Settings, declared
from acore.settings.secrets import Secret

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.fixture
def toml_file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "acore.toml"


@contextmanager
def full_disk() -> Generator[None]:
    """Let no file of this process grow beyond 10 bytes, which the kernel reports like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_there_are_four_questions_about_four_settings() -> None:
    assert [question.key for question in QUESTIONS] == [
        "DISCORD_TOKEN",
        "OPERATOR_GUILDS",
        "ADMIN_USERS",
        "ACORE_DATA_DIR",
    ]
    assert [question.secret for question in QUESTIONS] == [True, False, False, False]
    assert all(question.question and question.help and question.key in declared() for question in QUESTIONS)


def test_an_answer_is_checked_as_it_is_typed() -> None:
    token, guild, admin, directory = QUESTIONS

    assert token.check(TOKEN) is None
    assert guild.check("123456789012345678") is None
    assert admin.check("") is None
    assert directory.check("data") is None
    assert guild.check("my server") == "item 1: Expected int, got str; write digits, e.g. 123456789012345678"
    assert admin.check("1,2") == "one id is enough here; add the others to the env file later"
    assert "invisible" in (token.check(f"{TOKEN}\u200b") or "")
    assert TOKEN not in (token.check(f"{TOKEN}\0") or "")


def test_what_was_typed_becomes_answers() -> None:
    assert answered(
        {
            "DISCORD_TOKEN": f" {TOKEN} ",
            "OPERATOR_GUILDS": "12",
            "ADMIN_USERS": "34",
            "ACORE_DATA_DIR": "/srv",
        }
    ) == Answers(token=Secret(TOKEN), operator_guild=12, admin=34, data_dir="/srv")
    assert answered({}) == Answers()


def test_every_wrong_answer_is_said_at_once_and_no_token_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        answered({"DISCORD_TOKEN": f"{TOKEN}\nLOG_LEVEL=DEBUG", "OPERATOR_GUILDS": "0", "ADMIN_USERS": "me"})

    assert [problem.key for problem in caught.value.problems] == [
        "DISCORD_TOKEN",
        "OPERATOR_GUILDS",
        "ADMIN_USERS",
    ]
    assert {problem.source for problem in caught.value.problems} == {"answer"}
    assert TOKEN not in str(caught.value) + repr(caught.value.problems)


def test_what_was_written_is_what_is_loaded(env_file: Path, toml_file: Path) -> None:
    answers = Answers(token=Secret(TOKEN), operator_guild=12, admin=34, data_dir="/srv/my bot's data #1")

    assert write(answers, env_file, toml_file) == (toml_file, env_file)

    loaded = load(toml=toml_file, env_file=env_file, environ={})
    assert loaded.settings == Settings(
        discord_token=Secret(TOKEN),
        operator_guilds=(12,),
        admin_users=(34,),
        acore_data_dir="/srv/my bot's data #1",
    )
    assert loaded.warnings == ()
    assert loaded.host == {}
    assert TOKEN not in toml_file.read_text()


def test_what_was_left_empty_stays_at_its_default(env_file: Path, toml_file: Path) -> None:
    write(Answers(), env_file, toml_file)

    loaded = load(toml=toml_file, env_file=env_file, environ={})
    assert loaded.settings == Settings()
    assert loaded.sources["OPERATOR_GUILDS"] == "default"


def test_every_setting_is_explained_in_the_files(env_file: Path, toml_file: Path) -> None:
    write(Answers(), env_file, toml_file)

    for row in declared().values():
        assert f"{row.key}=" in env_file.read_text()
        assert row.secret or f"#{row.field} = " in toml_file.read_text()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_env_file_is_its_owners_alone(env_file: Path, toml_file: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(Answers(token=Secret(TOKEN)), env_file, toml_file)
    finally:
        os.umask(before)

    assert mode(env_file) == 0o600
    assert mode(toml_file) == 0o644


def test_replacing_a_readable_env_file_makes_it_private(env_file: Path, toml_file: Path) -> None:
    env_file.write_text("MY_BOT=1\n")
    env_file.chmod(0o644)

    write(Answers(token=Secret(TOKEN)), env_file, toml_file, force=True)

    assert mode(env_file) == 0o600
    assert "MY_BOT" not in env_file.read_text()


def test_an_existing_env_file_is_not_overwritten(env_file: Path, toml_file: Path) -> None:
    env_file.write_text("MY_BOT=1\n")

    with pytest.raises(AlreadyThereError) as caught:
        write(Answers(), env_file, toml_file)

    assert str(caught.value) == (
        f"{env_file}: already there; nothing was written. Edit it, move it away, or use --force"
    )
    assert caught.value.exit_code is ExitCode.CANT_CREATE
    assert env_file.read_text() == "MY_BOT=1\n"
    assert not toml_file.exists()


def test_a_dangling_link_is_not_overwritten_either(env_file: Path, toml_file: Path) -> None:
    env_file.symlink_to("elsewhere")

    with pytest.raises(AlreadyThereError):
        write(Answers(), env_file, toml_file)

    assert env_file.is_symlink()


def test_an_edited_settings_file_is_not_overwritten(env_file: Path, toml_file: Path) -> None:
    toml_file.parent.mkdir()
    toml_file.write_text("log_to_file = false\n")

    with pytest.raises(AlreadyThereError, match=r"acore\.toml: already there"):
        write(Answers(), env_file, toml_file)

    assert toml_file.read_text() == "log_to_file = false\n"
    assert not env_file.exists()


def test_the_settings_file_that_acore_ships_is_left_alone(env_file: Path, toml_file: Path) -> None:
    toml_file.parent.mkdir()
    toml_file.write_text(toml_default())

    assert write(Answers(), env_file, toml_file) == (env_file,)


def test_with_force_both_are_replaced(env_file: Path, toml_file: Path) -> None:
    toml_file.parent.mkdir()
    toml_file.write_text("x")
    env_file.write_text("x")

    write(Answers(), env_file, toml_file, force=True)

    assert load(toml=toml_file, env_file=env_file, environ={}).settings == Settings()


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(env_file: Path, toml_file: Path) -> None:
    toml_file.parent.mkdir()
    toml_file.write_text(toml_default())
    env_file.write_text("OLD=1\n")

    with full_disk(), pytest.raises(CannotWriteError) as caught:
        write(Answers(token=Secret(TOKEN)), env_file, toml_file, force=True)

    assert str(caught.value).startswith(f"{env_file}: cannot be written: ")
    assert caught.value.exit_code is ExitCode.CANT_CREATE
    assert env_file.read_text() == "OLD=1\n"
    assert sorted(path.name for path in env_file.parent.iterdir()) == [".env", "config"]


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, toml_file: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotWriteError, match=r"file/\.env: cannot be written: "):
        write(Answers(), tmp_path / "file" / ".env", toml_file)


def test_a_directory_in_place_of_the_file_is_not_replaced(env_file: Path, toml_file: Path) -> None:
    env_file.mkdir()

    with pytest.raises(CannotWriteError, match="Is a directory"):
        write(Answers(), env_file, toml_file, force=True)

    assert list(env_file.iterdir()) == []


@pytest.mark.parametrize(
    "answers",
    [
        Answers(token=Secret(f"{TOKEN}\nADMIN_USERS=666")),
        Answers(token=Secret(f"{TOKEN}\rADMIN_USERS=666")),
        Answers(token=Secret(f"{TOKEN}\0")),
        Answers(data_dir="data\nADMIN_USERS=666"),
        Answers(data_dir="data\u2028ADMIN_USERS=666"),
        Answers(operator_guild=0),
        Answers(admin=2**63),
    ],
)
def test_no_answer_can_bring_in_another_setting(answers: Answers, env_file: Path, toml_file: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        write(answers, env_file, toml_file)

    assert TOKEN not in str(caught.value)
    assert not env_file.exists()
    assert not toml_file.exists()


@given(token=st.text(), data_dir=st.text(), guild=st.none() | st.integers(), admin=st.none() | st.integers())
def test_any_answers_read_back_exactly_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, token: str, data_dir: str, guild: int | None, admin: int | None
) -> None:
    env_file = tmp_path_factory.getbasetemp() / "any.env"
    toml_file = tmp_path_factory.getbasetemp() / "any.toml"
    answers = Answers(token=Secret(token), data_dir=data_dir, operator_guild=guild, admin=admin)
    try:
        write(answers, env_file, toml_file, force=True)
    except SettingsError:
        return

    loaded = load(toml=toml_file, env_file=env_file, environ={})
    assert loaded.settings == Settings(
        discord_token=Secret(token.strip()),
        acore_data_dir=data_dir.strip() or "data",
        operator_guilds=() if guild is None else (guild,),
        admin_users=() if admin is None else (admin,),
    )
    assert loaded.host == {}
