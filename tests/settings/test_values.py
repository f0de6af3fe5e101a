from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.errors import ExitCode
from acore.settings.schema import Declared, Kind, LogLevel, Settings, declared
from acore.settings.secrets import Secret
from acore.settings.values import WrongValueError, as_text, from_text, from_toml, shown

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"
ROWS: Mapping[str, Declared] = declared()
NUMBERS = [row for row in ROWS.values() if row.kind is Kind.INTEGER]


def reason(key: str, text: str) -> str:
    with pytest.raises(WrongValueError) as caught:
        from_text(ROWS[key], text)
    return caught.value.reason


@pytest.mark.parametrize("text", ["true", "1", "yes", "on", "TRUE", " On "])
def test_true_may_be_written_in_four_ways(text: str) -> None:
    assert from_text(ROWS["LOG_TO_FILE"], text) is True


@pytest.mark.parametrize("text", ["false", "0", "no", "off", "False"])
def test_false_may_be_written_in_four_ways(text: str) -> None:
    assert from_text(ROWS["LOG_TO_FILE"], text) is False


@pytest.mark.parametrize("text", ["2", "y", "enabled", "none", "truee", "t rue", "-1", "01"])
def test_nothing_else_is_true_or_false(text: str) -> None:
    assert reason("LOG_TO_FILE", text) == "Expected bool, got str"


@pytest.mark.parametrize("text", ["60", " 60 ", "+60", "060", "\t60\n"])
def test_a_number_is_digits_with_a_sign_and_space_around_it(text: str) -> None:
    assert from_text(ROWS["HEALTH_CHECK_INTERVAL"], text) == 60


@pytest.mark.parametrize(
    "text",
    ["²", "1e3", "6_0", "6 0", "0x3c", "60.0", "sixty", "٦٠", "--60", "60s", "True", "inf", "nan", "None"],
)
def test_what_only_python_takes_for_a_number_is_refused(text: str) -> None:
    assert reason("HEALTH_CHECK_INTERVAL", text) == "Expected int, got str"


def test_a_negative_number_is_a_number_out_of_range() -> None:
    assert reason("HEALTH_CHECK_INTERVAL", "-5") == "below minimum 5"


def test_a_number_of_ten_thousand_digits_is_out_of_range() -> None:
    assert reason("HEALTH_CHECK_INTERVAL", "9" * 10_000) == "above maximum 3600"
    assert reason("HEALTH_CHECK_INTERVAL", "-" + "9" * 10_000) == "below minimum 5"
    assert reason("LOG_MAX_BYTES", "9" * 10_000) == "above maximum 1099511627776"


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.key)
def test_the_limits_themselves_are_allowed_and_one_beyond_is_not(row: Declared) -> None:
    assert row.minimum is not None
    assert row.maximum is not None

    assert from_text(row, str(row.minimum)) == row.minimum
    assert from_text(row, str(row.maximum)) == row.maximum
    assert reason(row.key, str(row.minimum - 1)) == f"below minimum {row.minimum}"
    assert reason(row.key, str(row.maximum + 1)) == f"above maximum {row.maximum}"


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.key)
@given(number=st.integers())
def test_a_number_is_taken_exactly_when_msgspec_takes_it(row: Declared, number: int) -> None:
    try:
        msgspec.convert({row.field: number}, Settings)
    except msgspec.ValidationError:
        for read, value in ((from_text, str(number)), (from_toml, number)):
            with pytest.raises(WrongValueError):
                read(row, value)  # pyright: ignore[reportArgumentType] - text for text, a number for TOML
    else:
        assert from_text(row, str(number)) == from_toml(row, number) == number


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("123", (123,)),
        ("1, 2,3", (1, 2, 3)),
        ("[1, 2]", (1, 2)),
        ('["123456789012345678"]', (123456789012345678,)),
        ("[]", ()),
        (str(2**63 - 1), (2**63 - 1,)),
    ],
)
def test_ids_are_comma_separated_or_a_json_array(text: str, ids: tuple[int, ...]) -> None:
    assert from_text(ROWS["ADMIN_USERS"], text) == ids


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1,<@123>", "item 2: Expected int, got str"),
        ("1,,2", "item 2: Expected int, got str"),
        ("1 2", "item 1: Expected int, got str"),
        ("0", "item 1: below minimum 1"),
        (str(2**63), "item 1: above maximum 9223372036854775807"),
        ("[true]", "item 1: Expected int, got bool"),
        ("[1.5]", "item 1: Expected int, got float"),
        ("[null]", "item 1: Expected int, got NoneType"),
        ("[[1]]", "item 1: Expected int, got list"),
        ("[1", "starts with [ but is no JSON array"),
        ("[" * 100_000, "starts with [ but is no JSON array"),
        ("[" + "9" * 10_000 + "]", "starts with [ but is no JSON array"),
    ],
)
def test_what_is_no_list_of_ids_is_refused_with_its_place(text: str, why: str) -> None:
    assert reason("ADMIN_USERS", text) == why


def test_a_level_may_be_written_in_any_case() -> None:
    assert from_text(ROWS["LOG_LEVEL"], "debug") is LogLevel.DEBUG
    assert from_toml(ROWS["LOG_LEVEL"], "Debug") is LogLevel.DEBUG


def test_a_slip_in_a_choice_is_answered_with_what_was_meant() -> None:
    with pytest.raises(WrongValueError, match=r"expected one of TRACE, DEBUG, .*; did you mean WARNING\?"):
        from_text(ROWS["LOG_LEVEL"], "warnin")
    with pytest.raises(WrongValueError, match="the default is INFO"):
        from_text(ROWS["LOG_LEVEL"], "xyz")


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8080/api/v10", "https://discord.com/api/v10", "http://[::1]:80"]
)
def test_an_http_url_is_taken(text: str) -> None:
    assert from_text(ROWS["DISCORD_API_BASE"], text) == text


def test_a_slash_at_the_end_of_a_url_is_dropped_as_paths_are_appended() -> None:
    assert from_text(ROWS["DISCORD_API_BASE"], "http://127.0.0.1:8080/") == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "text",
    [
        "discord.com",
        "ftp://discord.com",
        "https://",
        "https://a b",
        "http://[::1",
        "http://a:b/",
        "http://a:99999",
        "https://discord.com?x=1",
        "https://discord.com#x",
        "javascript:alert(1)",
    ],
)
def test_anything_else_is_no_url(text: str) -> None:
    assert reason("DISCORD_API_BASE", text) == "expected an http or https URL"


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    url = "https://me:hunter22@discord.com"

    assert reason("DISCORD_API_BASE", url) == "must not hold a user name or password"
    assert "hunter22" not in shown(ROWS["DISCORD_API_BASE"], url)


@pytest.mark.parametrize(
    "hidden", ["\n", "\r", "\0", "\u200b", "\u2028", "\x1b", "\udcff", "\N{NO-BREAK SPACE}"]
)
def test_an_invisible_character_is_refused_by_its_place(hidden: str) -> None:
    why = f"character 3 is invisible (U+{ord(hidden):04X})"

    assert reason("DISCORD_TOKEN", f"ab{hidden}cd") == why
    assert reason("ACORE_DATA_DIR", f"ab{hidden}cd") == why


def test_a_data_directory_cannot_be_blank() -> None:
    assert reason("ACORE_DATA_DIR", "  ") == "must not be blank"


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("LOG_TO_FILE", 1, "Expected bool, got int"),
        ("LOG_TO_FILE", "true", "Expected bool, got str"),
        ("LOG_BACKUP_COUNT", True, "Expected int, got bool"),
        ("LOG_BACKUP_COUNT", 5.0, "Expected int, got float"),
        ("LOG_BACKUP_COUNT", "5", "Expected int, got str"),
        ("LOG_LEVEL", 10, "Expected str, got int"),
        ("ADMIN_USERS", 123, "Expected list, got int"),
        ("ADMIN_USERS", ["123"], "item 1: Expected int, got str"),
        ("ADMIN_USERS", [True], "item 1: Expected int, got bool"),
        ("ADMIN_USERS", [1, -1], "item 2: below minimum 1"),
        ("ACORE_DATA_DIR", {}, "Expected str, got dict"),
        ("DISCORD_API_BASE", "discord", "expected an http or https URL"),
    ],
)
def test_toml_values_are_never_turned_into_another_type(key: str, value: object, why: str) -> None:
    with pytest.raises(WrongValueError) as caught:
        from_toml(ROWS[key], value)

    assert caught.value.reason == why
    assert caught.value.remedy
    assert caught.value.exit_code is ExitCode.CONFIG


def test_toml_values_of_the_right_type_are_taken() -> None:
    assert from_toml(ROWS["ADMIN_USERS"], [1, 2]) == (1, 2)
    assert from_toml(ROWS["LOG_TO_FILE"], value=False) is False
    assert from_toml(ROWS["LOG_BACKUP_COUNT"], 0) == 0
    assert from_toml(ROWS["ACORE_DATA_DIR"], "/var/lib/acore") == "/var/lib/acore"


def test_a_secret_in_toml_is_refused_whatever_it_is() -> None:
    with pytest.raises(WrongValueError, match="put DISCORD_TOKEN in the env file"):
        from_toml(ROWS["DISCORD_TOKEN"], TOKEN)


def test_what_is_shown_is_one_short_line_without_secrets() -> None:
    assert shown(ROWS["LOG_LEVEL"], "LOUD") == '"LOUD"'
    assert shown(ROWS["LOG_LEVEL"], "a\n\x1b[31m\udcff") == '"a\\n\\x1b[31m\\udcff"'
    assert len(shown(ROWS["LOG_LEVEL"], "x" * 1000)) < 100
    assert shown(ROWS["LOG_BACKUP_COUNT"], value=True) == "true"
    assert TOKEN not in shown(ROWS["DISCORD_TOKEN"], TOKEN)


def test_a_token_pasted_in_the_wrong_place_is_not_shown() -> None:
    assert TOKEN not in shown(ROWS["LOG_LEVEL"], TOKEN)
    assert TOKEN not in shown(ROWS["ADMIN_USERS"], [TOKEN])


@given(st.lists(st.integers(1, 2**63 - 1)).map(tuple))
def test_ids_read_back_as_they_were_written(ids: tuple[int, ...]) -> None:
    assert from_text(ROWS["ADMIN_USERS"], as_text(ids)) == ids


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.key)
def test_every_default_reads_back_as_it_was_written(row: Declared) -> None:
    if row.may_be_blank or as_text(row.default):
        assert from_text(row, as_text(row.default)) == row.default


@given(st.text())
def test_no_text_at_all_makes_the_reader_fail_otherwise_than_by_refusing(text: str) -> None:
    for row in ROWS.values():
        try:
            value = from_text(row, text)
        except WrongValueError as error:
            assert error.reason  # noqa: PT017 - most texts fit no setting, and that is no failure
        else:
            assert isinstance(value, Secret | str | bool | int | tuple)
