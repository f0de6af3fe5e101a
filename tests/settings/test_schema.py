import copy
from typing import Any

import msgspec
import pytest

from acore.settings.schema import Declared, Kind, LogLevel, Settings, declared, public, revision
from acore.settings.secrets import Secret

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"


def test_the_defaults_are_those_operators_know() -> None:
    settings = Settings()

    assert not settings.discord_token
    assert settings.discord_api_base == "https://discord.com/api/v10"
    assert settings.operator_guilds == settings.admin_users == settings.admin_roles == ()
    assert settings.acore_data_dir == "data"
    assert settings.log_level is LogLevel.INFO
    assert settings.log_to_file is True
    assert settings.log_max_bytes == 10_485_760
    assert settings.log_backup_count == 5
    assert settings.health_check_interval == 60
    assert settings.cpu_warning_threshold == 80
    assert settings.memory_warning_threshold == 85


def test_every_field_is_declared_under_its_upper_case_name() -> None:
    assert list(declared()) == [field.name.upper() for field in msgspec.structs.fields(Settings)]
    assert all(row.key == key and row.field == key.lower() for key, row in declared().items())


def test_a_declaration_says_all_there_is_to_say() -> None:
    row = declared()["HEALTH_CHECK_INTERVAL"]

    assert row.kind is Kind.INTEGER
    assert (row.minimum, row.maximum, row.unit, row.default) == (5, 3600, "seconds", 60)
    assert row.type_words == "whole number from 5 to 3600"
    assert not row.secret
    assert not row.restart_needed
    assert row.owner == "acore"


def test_the_token_is_the_one_secret() -> None:
    assert [key for key, row in declared().items() if row.secret] == ["DISCORD_TOKEN"]


def test_an_ids_limits_are_those_of_its_items() -> None:
    row = declared()["ADMIN_USERS"]

    assert row.kind is Kind.IDS
    assert (row.minimum, row.maximum) == (1, 2**63 - 1)


@pytest.mark.parametrize("row", declared().values(), ids=lambda row: row.key)
def test_every_setting_has_help_of_whole_sentences(row: Declared) -> None:
    assert row.help.endswith(".")
    assert "\n" not in row.help
    assert "|" not in row.help
    assert row.type_words


@pytest.mark.parametrize("row", declared().values(), ids=lambda row: row.key)
def test_every_number_has_both_limits(row: Declared) -> None:
    if row.kind is Kind.INTEGER:
        assert row.minimum is not None
        assert row.maximum is not None


def test_the_defaults_pass_the_schemas_own_checks() -> None:
    plain = {row.field: row.default for row in declared().values()}

    assert msgspec.convert(plain, Settings) == Settings()


def test_settings_cannot_be_changed_in_place() -> None:
    settings: Any = Settings()

    with pytest.raises(AttributeError):
        settings.log_level = LogLevel.DEBUG
    hash(settings)  # every value in it is immutable too


def test_a_secret_prints_as_length_and_fingerprint() -> None:
    secret = Secret("correct horse")

    assert str(secret) == "13 characters, fingerprint " + secret.fingerprint
    assert len(secret.fingerprint) == 8
    assert repr(secret) == f"Secret({secret})"
    assert f"{secret:>80}".strip() == str(secret)
    assert str(Secret("")) == "not set"
    assert secret.reveal() == "correct horse"


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("a")
    assert not Secret("")
    assert copy.deepcopy(Secret("a")) == Secret("a")


def test_a_secret_of_bytes_that_are_no_text_has_a_fingerprint() -> None:
    assert "fingerprint" in str(Secret("\udcff"))


def test_a_settings_repr_does_not_show_the_secret() -> None:
    settings = Settings(discord_token=Secret(TOKEN))

    assert TOKEN not in repr(settings)
    assert TOKEN not in f"{settings}"
    assert TOKEN not in str(public(settings))


def test_settings_with_a_secret_cannot_be_encoded_by_mistake() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Settings(discord_token=Secret(TOKEN)))


def test_the_public_view_has_every_key_and_can_be_journaled() -> None:
    view = public(Settings(discord_token=Secret(TOKEN), admin_users=(1, 2)))

    assert list(view) == list(declared())
    assert view["DISCORD_TOKEN"] == str(Secret(TOKEN))
    assert view["ADMIN_USERS"] == (1, 2)
    assert b'"LOG_LEVEL":"INFO"' in msgspec.json.encode(view)


def test_the_revision_is_the_same_for_equal_settings_and_differs_for_others() -> None:
    same = revision(Settings(discord_token=Secret(TOKEN)))

    assert same == revision(Settings(discord_token=Secret(TOKEN)))
    assert len(same) == 16
    assert same != revision(Settings(discord_token=Secret(TOKEN + "x")))
    assert same != revision(Settings(discord_token=Secret(TOKEN), log_to_file=False))
    assert TOKEN not in same
