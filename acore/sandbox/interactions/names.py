"""What Discord demands of the names and descriptions of commands and options, in every language.

After Discord's documentation, "Application Command Naming" and "Localization".
"""

import re
import unicodedata

from acore.sandbox.forms.fields import Fields
from acore.sandbox.state.kinds import LOCALES

MAX_DESCRIPTION = 100
MAX_NAME = 32
EXTRA_IN_NAMES = "-_'"
"""What a slash command's name may contain besides letters and numbers of any script."""
SCRIPTS_WITH_MARKS = re.compile(r"[\u0900-\u097F\u0E00-\u0E7F]")
"""Devanagari and Thai, of which Discord allows every character, vowel signs included."""
BAD_NAME = "Command name is invalid"


def check_name(fields: Fields, *, is_slash: bool) -> None:
    """Note what is wrong with a name, in every language."""
    fields.require("name")
    name = fields.text("name", 1, MAX_NAME)
    if name is not None and is_slash and not is_slash_name(name):
        fields.wrong("name", BAD_NAME)
    for locale, text in check_localizations(fields, "name_localizations", MAX_NAME):
        if is_slash and not is_slash_name(text):
            fields.errors.add((*fields.path, "name_localizations", locale), BAD_NAME)


def check_description(fields: Fields) -> None:
    """Note what is wrong with a description, in every language."""
    fields.require("description")
    fields.text("description", 1, MAX_DESCRIPTION)
    check_localizations(fields, "description_localizations", MAX_DESCRIPTION)


def check_localizations(fields: Fields, key: str, longest: int) -> list[tuple[str, str]]:
    """Note what is wrong with the translations of a text; return those that are right."""
    inner = fields.inner(key)
    if inner is None:
        return []
    for locale in inner.body:
        if locale not in LOCALES:
            inner.wrong(locale, f"Locale '{locale}' is invalid.")
    texts = [(locale, inner.text(locale, 1, longest)) for locale in inner.body if locale in LOCALES]
    return [(locale, text) for locale, text in texts if text is not None]


def is_slash_name(name: str) -> bool:
    """Return whether a slash command or an option may have this name.

    Letters and numbers of every script, hyphens, underscores and apostrophes; no capital letter that has a
    small one.
    """
    return name == name.lower() and all(_may_be_in_name(one) for one in name)


def _may_be_in_name(character: str) -> bool:
    if character in EXTRA_IN_NAMES or SCRIPTS_WITH_MARKS.match(character):
        return True
    return unicodedata.category(character)[0] in {"L", "N"}
