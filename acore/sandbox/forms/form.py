"""The fields of a body that changes something: what was not sent is to stay as it is, null is the default."""

from collections.abc import Sequence

from acore.sandbox.forms import field_kinds
from acore.sandbox.forms.fields import Fields
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json
from acore.sandbox.state.pictures import Picture


class Form:
    """A body being read; what was sent is in `values`, by key, and `read` hands it over.

    Args:
        fields: the body as it was sent.
    """

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.values: Json = {}

    @classmethod
    def of(cls, body: Json) -> "Form":
        """Return the form of a whole body."""
        return cls(Fields(body, FormErrors()))

    def read(self) -> Json:
        """Return what was sent.

        Raises:
            ApiError: code 50035, naming everything that is wrong.
        """
        self.fields.errors.raise_any()
        return self.values

    def text(self, key: str, low: int, high: int) -> None:
        """Read a text of *low* to *high* characters."""
        self._keep(key, self.fields.text(key, low, high))

    def number(self, key: str, low: int, high: int) -> None:
        """Read a whole number from *low* to *high*."""
        self._keep(key, self.fields.number(key, low, high))

    def flag(self, key: str) -> None:
        """Read a yes or a no."""
        self._keep(key, self.fields.flag(key))

    def snowflake(self, key: str) -> None:
        """Read an id."""
        self._keep(key, self.fields.snowflake(key))

    def snowflakes(self, key: str, most: int) -> None:
        """Read a list of at most *most* ids."""
        self._keep(key, field_kinds.snowflakes(self.fields, key, most))

    def one_of(self, key: str, allowed: Sequence[object]) -> None:
        """Read a value that must be one of these."""
        self._keep(key, self.fields.one_of(key, allowed))

    def bits(self, key: str) -> None:
        """Read permissions."""
        self._keep(key, field_kinds.bits(self.fields, key))

    def picture(self, key: str) -> Picture | None:
        """Return a picture; its key is among the values, to tell null from nothing."""
        picture = field_kinds.picture(self.fields, key)
        self._keep(key, picture)
        return picture

    def within(self, key: str) -> "Form | None":
        """Return an object within this one as a form, whose values become this key's."""
        fields = self.fields.inner(key)
        if fields is None:
            self._keep(key, None)
            return None
        form = Form(fields)
        self.values[key] = form.values
        return form

    def several(self, key: str, most: int) -> list["Form"]:
        """Return the objects of a list of at most *most* as forms, whose values become this key's."""
        forms = [Form(one) for one in self.fields.objects(key, 0, most)]
        if self.fields.given(key) is None:
            self._keep(key, None)
        else:
            self.values[key] = [one.values for one in forms]
        return forms

    def require(self, *keys: str) -> None:
        """Note each of these fields that is missing."""
        self.fields.require(*keys)

    def not_null(self, *keys: str) -> None:
        """Note each of these fields that is null; they have no default."""
        self.fields.require(*(key for key in keys if key in self.fields.body))

    def wrong(self, key: str, message: str) -> None:
        """Note that a field is wrong, in these words."""
        self.fields.wrong(key, message)

    def _keep(self, key: str, value: object) -> None:
        if key in self.fields.body:
            self.values[key] = value
