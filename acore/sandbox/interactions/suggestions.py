"""What a bot suggests while a person types (Discord's documentation, "Autocomplete")."""

from acore.sandbox.forms.fields import Fields
from acore.sandbox.interactions import option_rules
from acore.sandbox.interactions.names import check_localizations
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json


def read(data: Json, focused: Json) -> list[Json]:
    """Return the choices a bot suggests for the option that is typed.

    Args:
        data: the callback's.
        focused: the option, as its command declares it.

    Raises:
        ApiError: code 50035, they are too many or do not suit the option.
    """
    errors = FormErrors()
    listed = Fields(data, errors, ("data",)).objects("choices", 0, option_rules.MAX_CHOICES)
    for choice in listed:
        option_rules.check_choice(choice, focused["type"])
        check_localizations(choice, "name_localizations", option_rules.MAX_CHOICE_TEXT)
    errors.raise_any()
    return [{"name": one.body["name"], "value": one.body["value"]} for one in listed]
