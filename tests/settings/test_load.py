import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.errors import ExitCode
from acore.settings import envfile
from acore.settings.load import Loaded, if_there, load, process_environment
from acore.settings.problems import Problem, SettingsError
from acore.settings.schema import LogLevel, Settings, declared
from acore.settings.secrets import Secret
from acore.settings.values import as_text

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"
DIGITS = "write digits, e.g. 123456789012345678"
NOTHING: Mapping[str, str] = {}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def env(text: str, environ: Mapping[str, str] = NOTHING) -> Loaded:
    path = Path(".env")
    path.write_text(text, encoding="utf-8", newline="")
    return load(toml=None, env_file=path, environ=environ)


def toml(text: str, environ: Mapping[str, str] = NOTHING) -> Loaded:
    path = Path("acore.toml")
    path.write_text(text, encoding="utf-8")
    return load(toml=path, env_file=None, environ=environ)


def problems(caught: pytest.ExceptionInfo[SettingsError]) -> list[str]:
    return [str(problem) for problem in caught.value.problems]


def test_with_nothing_set_every_setting_is_its_default() -> None:
    loaded = load(toml=None, env_file=None, environ={})

    assert loaded.settings == Settings()
    assert set(loaded.sources) == set(declared())
    assert set(loaded.sources.values()) == {"default"}
    assert loaded.warnings == ()
    assert loaded.host == {}


def test_each_source_outweighs_the_one_before(directory: Path) -> None:
    (directory / "acore.toml").write_text(
        'log_level = "DEBUG"\nlog_backup_count = 1\nlog_max_bytes = 70000\n'
    )
    (directory / ".env").write_text("LOG_BACKUP_COUNT=2\nLOG_MAX_BYTES=80000\n")

    loaded = load(toml=Path("acore.toml"), env_file=Path(".env"), environ={"LOG_MAX_BYTES": "90000"})

    assert loaded.settings == Settings(log_level=LogLevel.DEBUG, log_backup_count=2, log_max_bytes=90_000)
    assert loaded.sources["LOG_LEVEL"] == "acore.toml"
    assert loaded.sources["LOG_BACKUP_COUNT"] == ".env"
    assert loaded.sources["LOG_MAX_BYTES"] == "environment"
    assert loaded.sources["LOG_TO_FILE"] == "default"


@pytest.mark.usefixtures("directory")
def test_a_whole_env_file_is_read_as_people_write_it() -> None:
    loaded = env(
        "\ufeff# my bot\r\n"
        f"export DISCORD_TOKEN='{TOKEN}'\r\n"
        'ACORE_DATA_DIR="/srv/my bot"  # quoted\r\n'
        "LOG_LEVEL=debug # a comment\r\n"
        " ADMIN_USERS = 1, 2\r\n"
        "OPERATOR_GUILDS=[3]\r\n"
        "LOG_TO_FILE=off"
    )

    assert loaded.settings == Settings(
        discord_token=Secret(TOKEN),
        acore_data_dir="/srv/my bot",
        log_level=LogLevel.DEBUG,
        admin_users=(1, 2),
        operator_guilds=(3,),
        log_to_file=False,
    )
    assert loaded.warnings == ()


@pytest.mark.usefixtures("directory")
def test_variables_in_an_env_file_are_left_as_they_are() -> None:
    assert env("ACORE_DATA_DIR=${HOME}/x").settings.acore_data_dir == "${HOME}/x"


@pytest.mark.usefixtures("directory")
def test_a_blank_value_counts_as_not_set_where_blank_is_no_value() -> None:
    blank = "".join(f"{key}=\n" for key in declared())

    loaded = env(blank, dict.fromkeys(declared(), " "))

    assert loaded.settings == Settings()
    assert loaded.sources["LOG_LEVEL"] == "default"


def test_a_blank_text_outweighs_one_that_is_not(directory: Path) -> None:
    (directory / ".env").write_text(f"DISCORD_TOKEN={TOKEN}\n")

    loaded = load(toml=None, env_file=Path(".env"), environ={"DISCORD_TOKEN": ""})

    assert loaded.settings.discord_token == Secret("")
    assert loaded.sources["DISCORD_TOKEN"] == "environment"


def test_a_blank_number_leaves_the_weaker_sources_value(directory: Path) -> None:
    (directory / ".env").write_text("LOG_BACKUP_COUNT=2\n")

    loaded = load(toml=None, env_file=Path(".env"), environ={"LOG_BACKUP_COUNT": ""})

    assert loaded.settings.log_backup_count == 2


def test_everything_wrong_in_every_file_is_said_at_once(directory: Path) -> None:
    (directory / "acore.toml").write_text(
        'log_levl = "DEBUG"\ncpu_warning_threshold = 101\nlog_to_file = 1\ndiscord_token = "' + TOKEN + '"\n'
    )
    (directory / ".env").write_text(
        "LOG_LEVEL=LOUD\nHEALTH_CHECK_INTERVAL=4\nLOG_BACKUP_COUNT=1e3\nADMIN_USERS=<@5>\nLOG_MAX_BYTES=1\n"
        "ADMIN_ROLES=x\n=broken\n"
    )

    with pytest.raises(SettingsError) as caught:
        load(
            toml=Path("acore.toml"),
            env_file=Path(".env"),
            environ={"DISCORD_API_BASE": "discord.com", "MEMORY_WARNING_THRESHOLD": "²"},
        )

    assert [(problem.key, problem.source, problem.reason) for problem in caught.value.problems] == [
        ("log_levl", "acore.toml", "acore has no such setting"),
        ("", ".env", "line 7 cannot be read"),
        ("DISCORD_TOKEN", "acore.toml", "a secret does not belong in this file"),
        ("DISCORD_API_BASE", "environment", "expected an http or https URL"),
        ("ADMIN_USERS", ".env", "item 1: Expected int, got str"),
        ("ADMIN_ROLES", ".env", "item 1: Expected int, got str"),
        ("LOG_LEVEL", ".env", "expected one of TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("LOG_TO_FILE", "acore.toml", "Expected bool, got int"),
        ("LOG_MAX_BYTES", ".env", "below minimum 65536"),
        ("LOG_BACKUP_COUNT", ".env", "Expected int, got str"),
        ("HEALTH_CHECK_INTERVAL", ".env", "below minimum 5"),
        ("CPU_WARNING_THRESHOLD", "acore.toml", "above maximum 100"),
        ("MEMORY_WARNING_THRESHOLD", "environment", "Expected int, got str"),
    ]
    assert all(problem.remedy for problem in caught.value.problems)
    assert str(caught.value) == "\n".join(problems(caught))
    assert caught.value.exit_code is ExitCode.CONFIG
    assert TOKEN not in repr(caught.value.problems)


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "LOG_LEVEL=WARNIN",
            'LOG_LEVEL="WARNIN" in .env: expected one of ' + ", ".join(LogLevel) + "; did you mean WARNING?",
        ),
        (
            "LOG_BACKUP_COUNT=-1",
            'LOG_BACKUP_COUNT="-1" in .env: below minimum 0; write a whole number from 0 to 100',
        ),
        (
            "ADMIN_USERS=1,x",
            'ADMIN_USERS="1,x" in .env: item 2: Expected int, got str; ' + DIGITS,
        ),
    ],
)
def test_a_problem_is_one_sentence_with_its_place_reason_and_remedy(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        env(text)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("key", declared())
def test_no_error_shows_a_token_wherever_it_was_pasted(directory: Path, key: str) -> None:
    (directory / ".env").write_text(f"{key}='{TOKEN}\u200b'\n")
    (directory / "acore.toml").write_text(f'{key.lower()} = ["{TOKEN}"]\n')

    with pytest.raises(SettingsError) as caught:
        load(toml=Path("acore.toml"), env_file=Path(".env"), environ={key: f"{TOKEN}\x00"})
    with pytest.raises(SettingsError) as from_file:
        load(toml=Path("acore.toml"), env_file=None, environ={})

    assert TOKEN not in str(caught.value) + repr(caught.value) + repr(caught.value.problems)
    assert TOKEN not in str(from_file.value) + repr(from_file.value) + repr(from_file.value.problems)


@pytest.mark.usefixtures("directory")
def test_a_wrong_value_that_is_outweighed_is_a_warning() -> None:
    loaded = env("LOG_BACKUP_COUNT=many\n", {"LOG_BACKUP_COUNT": "3"})

    assert loaded.settings.log_backup_count == 3
    (warning,) = loaded.warnings
    assert warning.startswith('LOG_BACKUP_COUNT="many" in .env: Expected int, got str; ')
    assert warning.endswith("(not used: environment outweighs it)")


@pytest.mark.usefixtures("directory")
def test_a_host_bots_own_keys_are_kept_and_not_shown() -> None:
    loaded = env("OPENAI_API_KEY=sk-very-secret\nPREFIX=!\nBARE\n")

    assert {key: value.reveal() for key, value in loaded.host.items()} == {
        "OPENAI_API_KEY": "sk-very-secret",
        "PREFIX": "!",
        "BARE": "",
    }
    assert "sk-very-secret" not in repr(loaded)
    assert loaded.warnings == ()


@pytest.mark.usefixtures("directory")
def test_a_host_bots_key_that_looks_like_a_slip_is_kept_with_a_warning() -> None:
    loaded = env(f"DISCORD_TOKN={TOKEN}\nlog_level=DEBUG\n")

    assert loaded.host["DISCORD_TOKN"] == Secret(TOKEN)
    assert loaded.warnings == (
        "DISCORD_TOKN in .env is no setting of acore; did you mean DISCORD_TOKEN?",
        "log_level in .env is no setting of acore; did you mean LOG_LEVEL?",
    )


@pytest.mark.usefixtures("directory")
def test_the_settings_of_other_bots_are_no_slips() -> None:
    assert env("DISK_WARNING_THRESHOLD=90\nBOT_PREFIX=!\nDATA_DIR=x\nTOKEN=y\nADMIN=1\n").warnings == ()


def test_of_the_environment_only_slips_in_acores_name_are_noticed() -> None:
    loaded = load(
        toml=None,
        env_file=None,
        environ={"LOG_LEVL": "x", "ACORE_DATADIR": "x", "ACORE_CONFIG": "x", "PATH": "x"},
    )

    assert loaded.warnings == (
        "ACORE_DATADIR in environment is no setting of acore; did you mean ACORE_DATA_DIR?",
    )
    assert loaded.host == {}


@pytest.mark.usefixtures("directory")
def test_of_a_key_set_twice_the_last_counts_with_a_warning() -> None:
    loaded = env("\nLOG_LEVEL=DEBUG\n\n# x\nLOG_LEVEL=ERROR\nHOST=1\nHOST=2\n")

    assert loaded.settings.log_level is LogLevel.ERROR
    assert loaded.warnings == ("LOG_LEVEL is set 2 times in .env (lines 2, 5); the last one counts",)
    assert loaded.host["HOST"] == Secret("2")


@pytest.mark.usefixtures("directory")
def test_a_setting_without_an_equals_sign_is_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        env("PREFIX\nLOG_LEVEL\n")

    assert problems(caught) == [".env: line 2: LOG_LEVEL has no equals sign; write LOG_LEVEL=value"]


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize("text", ["LOG_LEVEL='DEBUG\n", "\n\n=x\n", "LOG_LEVEL=DEBUG\n'a\n"])
def test_an_env_file_that_is_not_understood_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^\.env: line \d cannot be read; write KEY=value"):
        env(text)


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('log_level = "DEBUG', "Unterminated string (at end of document)"),
        ("\n\nlog_level = DEBUG", "at line 3, column 13"),
        ("log_level", "at end of document"),
        ('log_level = "INFO"\nlog_level = "DEBUG"', "Cannot overwrite a value"),
        ("log_max_bytes = " + "9" * 5000, "4300"),
        ("admin_users = " + "[" * 100_000, "recursion"),
    ],
)
def test_toml_that_is_not_understood_is_an_error_with_its_place(text: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        toml(text)

    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith("acore.toml: is no valid TOML: ")
    assert why in str(caught.value)


@pytest.mark.usefixtures("directory")
@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("LOG_LEVEL = 'DEBUG'", "did you mean log_level?"),
        ("admin_user = [1]", "did you mean admin_users?"),
        ("[log]\nlevel = 1", "did you mean log_level?"),
        ("[zzz]\n", "remove it, or see docs/reference.md for the settings"),
    ],
)
def test_an_unknown_key_in_acores_own_file_is_an_error(text: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        toml(text)

    (problem,) = caught.value.problems
    assert problem.reason == "acore has no such setting"
    assert problem.remedy in {remedy, "remove it, or see docs/reference.md for the settings"}


def test_a_file_that_is_not_there_is_an_error(directory: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(toml=directory / "no.toml", env_file=directory / "no.env", environ={})

    assert problems(caught) == [
        f"{directory}/no.toml: there is no such file; check the path, or run `acore init`",
        f"{directory}/no.env: there is no such file; check the path, or run `acore init`",
    ]


def test_a_default_file_may_be_missing_but_not_broken(directory: Path) -> None:
    (directory / "dangling").symlink_to("nowhere")
    (directory / "here").touch()

    assert if_there(directory / "missing") is None
    assert if_there(directory / "here") == directory / "here"
    assert if_there(directory / "dangling") == directory / "dangling"


def test_a_directory_is_no_file(directory: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(toml=directory, env_file=directory, environ={})

    remedy = "it must be a file that the user who runs acore may read"
    assert problems(caught) == [f"{directory}: cannot be read: Is a directory; {remedy}"] * 2


def test_a_file_that_is_not_utf8_is_an_error_with_its_line(directory: Path) -> None:
    (directory / ".env").write_bytes(b"A=1\nB=2\nC=\xff\n")
    (directory / "acore.toml").write_bytes(b"\xfe")

    with pytest.raises(SettingsError) as caught:
        load(toml=Path("acore.toml"), env_file=Path(".env"), environ={})

    assert problems(caught) == [
        "acore.toml: line 1 is not UTF-8; save the file as UTF-8",
        ".env: line 3 is not UTF-8; save the file as UTF-8",
    ]


def test_a_value_of_the_environment_that_is_no_text_is_refused() -> None:
    with pytest.raises(
        SettingsError, match=r'ACORE_DATA_DIR="\\udcff" in environment: character 1 is invisible'
    ):
        load(toml=None, env_file=None, environ={"ACORE_DATA_DIR": os.fsdecode(b"\xff")})


def test_the_process_environment_is_read_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")

    assert load(toml=None, env_file=None, environ=process_environment()).settings.log_level is LogLevel.ERROR


def test_loading_changes_nothing_in_the_environment(directory: Path) -> None:
    (directory / ".env").write_text("LOG_LEVEL=DEBUG\nHOST_KEY=1\n")
    before = process_environment()

    load(toml=None, env_file=directory / ".env", environ=before)

    assert process_environment() == before


def test_a_problem_about_a_file_names_the_file_alone() -> None:
    assert (
        str(Problem(key="", value="", source="a.toml", reason="is broken", remedy="")) == "a.toml: is broken"
    )


def test_the_settings_need_no_other_floor() -> None:
    program = (
        "import sys, acore.settings.load, acore.settings.init\n"
        "print(*sorted(name for name in sys.modules if name.startswith('acore.')))"
    )

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    allowed = ("acore.settings", "acore.errors", "acore.record", "acore.log")
    assert [name for name in done.stdout.split() if not name.startswith(allowed)] == []


visible = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" '\"\\#$=")).map(str.strip)
ids = st.lists(st.integers(1, 2**63 - 1), max_size=4).map(tuple)
everything = st.builds(
    Settings,
    discord_token=visible.map(Secret),
    operator_guilds=ids,
    admin_users=ids,
    admin_roles=ids,
    acore_data_dir=visible.filter(bool),
    log_level=st.sampled_from(LogLevel),
    log_to_file=st.booleans(),
    log_max_bytes=st.integers(65_536, 2**40),
    log_backup_count=st.integers(0, 100),
    health_check_interval=st.integers(5, 3600),
    cpu_warning_threshold=st.integers(1, 100),
    memory_warning_threshold=st.integers(1, 100),
)


@given(everything)
def test_settings_written_as_an_env_file_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.env"
    values = {key: as_text(getattr(settings, row.field)) for key, row in declared().items()}
    path.write_text(
        "".join(f"{envfile.statement(key, text)}\n" for key, text in values.items()), encoding="utf-8"
    )

    assert load(toml=None, env_file=path, environ={}).settings == settings
    assert load(toml=None, env_file=None, environ=values).settings == settings


@given(st.binary())
def test_any_bytes_in_a_file_load_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)

    for toml_file, env_file in ((path, None), (None, path)):
        try:
            load(toml=toml_file, env_file=env_file, environ={})
        except SettingsError as error:
            assert error.problems  # noqa: PT017 - most bytes are no settings, and that is no failure
