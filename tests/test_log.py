import io
import json
import logging
import os
import pty
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from acore.log import Logging, configure, masked, masker, under_service_manager

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"
SECRET = "correct horse battery"

type Start = Callable[..., Logging]


@pytest.fixture
def start() -> Iterator[Start]:
    """Configure logging any number of times, and stop it all again."""
    running: list[Logging] = []

    def configured(**options: object) -> Logging:
        running.append(configure(**{"level": "INFO", **options}))  # pyright: ignore[reportArgumentType] - by name
        return running[-1]

    yield configured
    for logging_ in reversed(running):
        logging_.close()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def fail_with(text: str) -> None:
    raise ValueError(text)


def test_a_line_has_time_level_who_speaks_and_message(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start()

    logger.info("the gateway is ready")

    out, err = capsys.readouterr()
    assert out == ""
    day, _, level, who, message = err.strip().split(maxsplit=4)
    assert day.count("-") == 2
    assert (level, who, message) == ("INFO", f"{__name__}:", "the gateway is ready")


def test_what_acore_says_itself_reads_as_a_sentence(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start()

    logger.patch(lambda record: record.update(name="acore.actors.narrator")).info("Connected.")

    assert capsys.readouterr().err.strip().split(maxsplit=3)[2:] == ["INFO", "Connected."]


def test_who_debugs_reads_the_line_of_the_code(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start(level="DEBUG")

    logger.debug("the gateway is ready")

    place = capsys.readouterr().err.split()[3]
    assert place.startswith(f"{__name__}:test_who_debugs_reads_the_line_of_the_code:")


def test_under_a_service_manager_everything_goes_to_stdout(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start(to_stdout=True)

    logger.error("down")

    out, err = capsys.readouterr()
    assert "down" in out
    assert err == ""


def test_a_file_gets_what_the_stream_gets(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start(to_file=tmp_path / "logs" / "acore.log")

    logger.warning("é 🟢")

    assert (tmp_path / "logs" / "acore.log").read_text(encoding="utf-8") == capsys.readouterr().err
    assert (tmp_path / "logs" / "acore.log").stat().st_mode & 0o007 == 0


def test_below_the_level_nothing_is_logged_until_the_level_changes(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    running = start(level="WARNING")
    library = logging.getLogger("somebody.else")

    logger.info("one")
    library.info("two")
    running.set_level("DEBUG")
    logger.debug("three")
    library.debug("four")
    running.set_level("CRITICAL")
    logger.error("five")
    library.error("six")

    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["three", "four"]


def test_a_call_below_the_level_builds_no_message(start: Start) -> None:
    running = start(level="INFO")
    asked: list[str] = []

    def costly() -> str:
        asked.append("asked")
        return ""

    logger.opt(lazy=True).debug("{}", costly)
    assert asked == []
    assert not logging.getLogger("somebody").isEnabledFor(logging.DEBUG)

    running.set_level("TRACE")
    assert logging.getLogger("somebody").isEnabledFor(5)


def test_an_unknown_level_changes_nothing(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    running = start()

    with pytest.raises(ValueError, match="LOUD"):
        running.set_level("LOUD")
    with pytest.raises(ValueError, match="LOUD"):
        configure(level="LOUD")

    logger.info("still here")
    assert capsys.readouterr().err.count("still here") == 1


def test_no_line_is_lost_while_the_level_changes(start: Start, tmp_path: Path) -> None:
    running = start(to_file=tmp_path / "acore.log", to_stdout=True)

    def talk() -> None:
        for number in range(300):
            logger.error("line {}", number)

    talking = threading.Thread(target=talk)
    talking.start()
    while talking.is_alive():
        running.set_level("DEBUG")
        running.set_level("INFO")
    talking.join()

    said = {line.rsplit(" ", 1)[-1] for line in lines(tmp_path / "acore.log")}
    assert said == {str(number) for number in range(300)}


def test_the_standard_librarys_logging_comes_in_with_its_level_and_caller(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start(json=True)

    logging.getLogger("nextcord.gateway").warning("rate limited for %s s", 3)
    logging.getLogger("aiohttp").log(35, "between two levels")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["message"]) == ("WARNING", "rate limited for 3 s")
    assert first["name"] == __name__
    assert first["function"] == "test_the_standard_librarys_logging_comes_in_with_its_level_and_caller"
    assert (second["level"], second["message"]) == ("Level 35", "between two levels")


def test_the_standard_librarys_exceptions_come_in_with_their_traceback(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start()

    try:
        fail_with("broken")
    except ValueError:
        logging.getLogger("asyncio").exception("a task failed")
    logging.getLogger("asyncio").error("no exception here", exc_info=(None, None, None))
    logging.getLogger("asyncio").error("where am I", stack_info=True)

    err = capsys.readouterr().err
    assert "a task failed" in err
    assert "ValueError: broken" in err
    assert "NoneType" not in err
    assert "Stack (most recent call last)" in err


def test_a_log_call_with_wrong_arguments_is_logged_and_does_not_raise(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start()

    logging.getLogger("nextcord").error("%d guilds", "many")

    assert "%d guilds (its arguments do not fit: " in capsys.readouterr().err


def test_braces_in_a_librarys_message_are_just_text(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start()

    logging.getLogger("nextcord").error("{'op': 10} <red>")

    assert "{'op': 10} <red>" in capsys.readouterr().err


def test_warnings_come_in_from_whoever_warns(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start(json=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)  # catch_warnings has put the standard output of warnings back
        warnings.warn("old thing", stacklevel=1)

    line = json.loads(capsys.readouterr().err)
    assert line["level"] == "WARNING"
    assert "old thing" in line["message"]
    assert line["function"] == "test_warnings_come_in_from_whoever_warns"


@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_is_masked_wherever_it_stands(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    start(to_file=tmp_path / "acore.log", secrets=[SECRET], json=as_json)

    logger.info("it is {}", SECRET)
    logger.bind(token=SECRET, nested={"a": [SECRET]}).info("extra")
    logging.getLogger("nextcord").error("login with %s", SECRET)
    try:
        fail_with(f"cannot log in with {SECRET}")
    except ValueError:
        logger.exception("login failed")
        logging.getLogger("nextcord").exception("login failed there")

    for text in (capsys.readouterr().err, (tmp_path / "acore.log").read_text()):
        assert SECRET not in text
        assert "ValueError: cannot log in with ***" in text
        assert "'a': ['***']" in text
        assert text.count("***") >= 6


def test_a_traceback_shows_no_values(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start()
    password = "hunter2-" + "hunter2"

    try:
        fail_with("".join(password[:0]))
    except ValueError:
        logger.exception("failed")

    err = capsys.readouterr().err
    assert "fail_with" in err
    assert password not in err


def test_a_token_is_masked_without_being_known(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start()

    logger.info("Authorization: Bot {}", TOKEN)
    logger.info("POST https://discord.com/api/v10/webhooks/123456/AbC-d_9/messages/@original?wait=1")
    logger.info("POST /interactions/987654/aW50ZXJhY3Rpb246OTg3NjU0/callback")
    logger.info("token=aW50ZXJhY3Rpb246OTg3NjU0OmFiYw==")

    err = capsys.readouterr().err
    assert TOKEN not in err
    assert "/webhooks/123456/***/messages/@original?wait=1" in err
    assert "/interactions/987654/***/callback" in err
    assert "aW50" not in err


@pytest.mark.parametrize(
    "text",
    [
        "POST /channels/123456/messages",
        "GET /webhooks/123456",
        "acore.settings.schema",
        "version 3.12.1",
        "a.b.c",
        "",
    ],
)
def test_innocent_text_is_left_alone(text: str) -> None:
    assert masked(text) == text


@given(st.text(min_size=6), st.text(), st.text())
def test_no_secret_of_six_characters_survives(secret: str, before: str, after: str) -> None:
    mask = masker([secret])

    assert secret not in mask(before + secret + after).replace("***", "\N{FULL BLOCK}")
    assert secret not in json.loads(mask(json.dumps([f"{before}\n{secret}\n{after}"])))[0].replace("***", "")


def test_a_short_secret_is_no_secret_as_it_is_in_every_word() -> None:
    assert masker(["abcde", ""])("abcdef") == "abcdef"


def test_of_two_secrets_that_begin_alike_the_whole_longer_one_goes() -> None:
    assert masker(["secret", "secret-and-more"])("secret-and-more secret") == "*** ***"


@pytest.mark.parametrize("secret", ['quo"ted\\secret', "umläut-secret", "it's-secret", "spa ce/secret"])
def test_a_secret_is_masked_in_repr_json_and_urls_too(secret: str) -> None:
    mask = masker([secret])

    for text in (
        secret,
        repr(secret),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        quote(secret, ""),
    ):
        assert mask(f"<{text}>").strip("<>'\"") == "***"


def test_json_is_one_object_a_line(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    start(json=True)

    logger.bind(guild=1, ok=True, ratio=0.5, odd=float("inf"), path=Path("x")).info("two\nlines")
    try:
        fail_with("broken")
    except ValueError:
        logger.exception("failed")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == "two\nlines"
    assert first["extra"] == {"guild": 1, "ok": True, "ratio": 0.5, "odd": "inf", "path": "x"}
    assert first["time"].endswith("+00:00")
    assert "exception" not in first
    assert second["exception"].splitlines()[-1] == "ValueError: broken"


def test_a_file_is_begun_anew_at_its_size_and_the_latest_are_kept(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "acore.log"
    (tmp_path / "acore.log.txt").write_text("somebody else's")
    start(to_file=path, max_bytes=1000, backups=2)

    for number in range(100):
        logger.info("line {:03} {}", number, "é" * 20)

    kept = [path, tmp_path / "acore.log.1", tmp_path / "acore.log.2"]
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "acore.log.txt"])
    assert all(0 < file.stat().st_size <= 1000 for file in kept)
    numbers = [int(line.split()[-2]) for file in reversed(kept) for line in lines(file)]
    assert numbers == list(range(numbers[0], 100))


def test_with_no_backups_the_file_is_just_begun_anew(start: Start, tmp_path: Path) -> None:
    start(to_file=tmp_path / "acore.log", max_bytes=500, backups=0)

    for number in range(50):
        logger.info("line {}", number)

    assert [file.name for file in tmp_path.iterdir()] == ["acore.log"]
    assert (tmp_path / "acore.log").stat().st_size <= 500
    assert lines(tmp_path / "acore.log")[-1].endswith("line 49")


def test_a_line_longer_than_the_limit_is_written_whole(start: Start, tmp_path: Path) -> None:
    start(to_file=tmp_path / "acore.log", max_bytes=100, backups=1)

    logger.info("x" * 1000)
    logger.info("short")

    assert "x" * 1000 in (tmp_path / "acore.log.1").read_text()
    assert lines(tmp_path / "acore.log")[0].endswith("short")


def test_a_file_from_before_is_continued(start: Start, tmp_path: Path) -> None:
    (tmp_path / "acore.log").write_text("from before\n")

    start(to_file=tmp_path / "acore.log")
    logger.info("now")

    assert lines(tmp_path / "acore.log")[0] == "from before"
    assert len(lines(tmp_path / "acore.log")) == 2


def test_a_file_that_cannot_be_opened_is_said_once_and_the_stream_goes_on(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start(to_file=tmp_path, to_stdout=True)

    logger.info("one")
    logger.info("two")

    out, err = capsys.readouterr()
    assert err == f"acore cannot write its log to {tmp_path}: [Errno 21] Is a directory: '{tmp_path}'\n"
    assert len(out.splitlines()) == 2


def test_a_full_disk_is_said_once_and_logging_never_raises(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    start(to_file=Path("/dev/full"), to_stdout=True, secrets=[SECRET])

    logger.info("one {}", SECRET)
    logger.info("two {}", SECRET)

    out, err = capsys.readouterr()
    assert err == "acore cannot write its log to /dev/full: [Errno 28] No space left on device\n"
    assert len(out.splitlines()) == 2
    assert SECRET not in out


def test_the_file_goes_on_once_it_can_be_written_again(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "logs" / "acore.log"
    path.parent.touch()
    start(to_file=path, to_stdout=True)

    logger.info("lost")
    path.parent.unlink()
    logger.info("kept")

    assert [line.rsplit(" ", 1)[-1] for line in lines(path)] == ["kept"]
    assert capsys.readouterr().err.count("cannot write") == 1


def test_a_closed_stream_never_stops_who_logs(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    start(to_stdout=True)

    stream.close()
    logger.info("nobody hears this")
    logger.info("nor this")

    assert capsys.readouterr().err.count("acore cannot write its log") == 1


def test_a_process_without_stderr_logs_to_its_file(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    start(to_file=tmp_path / "acore.log")

    logger.info("here")

    assert lines(tmp_path / "acore.log")[0].endswith("here")


def test_text_that_the_stream_cannot_encode_is_escaped(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    start(to_stdout=True, to_file=tmp_path / "acore.log")

    logger.info("🟢 \udcff")

    assert rb"\U0001f7e2 \udcff" in raw.getvalue()
    assert r"🟢 \udcff" in (tmp_path / "acore.log").read_text(encoding="utf-8")


def test_a_terminal_gets_colours_and_a_pipe_none() -> None:
    program = (
        "from loguru import logger\nfrom acore.log import configure\nimport sys\n"
        "configure(level='INFO', colour=sys.argv[1] == 'colour')\nlogger.info('hello')"
    )

    def on_terminal(choice: str) -> bytes:
        ours, theirs = pty.openpty()
        subprocess.run([sys.executable, "-c", program, choice], stderr=theirs, check=True)
        os.close(theirs)
        said = os.read(ours, 10_000)
        os.close(ours)
        return said

    piped = subprocess.run([sys.executable, "-c", program, "colour"], capture_output=True, check=True)
    assert b"\x1b[" in on_terminal("colour")
    assert b"\x1b[" not in on_terminal("plain")
    assert b"\x1b[" not in piped.stderr
    assert b"hello" in piped.stderr


def test_closing_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handlers, level = logging.root.handlers[:], logging.root.level
    shown = warnings.showwarning
    open_before = len(list(Path("/proc/self/fd").iterdir()))

    running = configure(level="TRACE", to_file=tmp_path / "acore.log")
    running.close()
    running.close()
    logger.error("nobody listens")

    assert capsys.readouterr().err == ""
    assert (tmp_path / "acore.log").read_text() == ""
    assert logging.root.handlers == handlers
    assert logging.root.level == level
    assert warnings.showwarning is shown
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_a_host_bots_own_sinks_stay(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    own = logger.add(heard.append, format="{message}")
    try:
        start(level="ERROR").close()
        logger.info("for the host")
    finally:
        logger.remove(own)

    assert [str(message) for message in heard] == ["for the host\n"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("variable", ["JOURNAL_STREAM", "INVOCATION_ID", "KUBERNETES_SERVICE_HOST"])
def test_a_service_manager_is_known_by_its_variables(tmp_path: Path, variable: str) -> None:
    assert under_service_manager({variable: "x"}, root=tmp_path)
    assert not under_service_manager({"PATH": "x"}, root=tmp_path)


def test_a_shell_that_inherited_the_variables_is_no_service(tmp_path: Path) -> None:
    assert not under_service_manager({"INVOCATION_ID": "x"}, terminal=True, root=tmp_path)


@pytest.mark.parametrize("file", [".dockerenv", "run/.containerenv"])
def test_a_container_is_known_by_its_file(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()

    assert under_service_manager({}, terminal=True, root=tmp_path)


@pytest.mark.parametrize(
    ("level", "library"),
    [("TRACE", logging.DEBUG), ("DEBUG", logging.INFO), ("INFO", logging.WARNING), ("ERROR", logging.ERROR)],
)
@pytest.mark.parametrize("name", ["nextcord", "aiohttp"])
def test_libraries_log_one_level_quieter_until_logging_ends(
    start: Start, name: str, level: str, library: int
) -> None:
    before = logging.getLogger(name).level
    running = start(level=level)

    assert logging.getLogger(name).level == library

    running.close()
    assert logging.getLogger(name).level == before
