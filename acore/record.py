"""The one base of every immutable record."""

from typing import dataclass_transform

import msgspec


# Type checkers do not see that msgspec's `frozen` and `kw_only` are inherited; this says it to them.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class RecordMeta(type(msgspec.Struct)):
    """Carries the promise of `frozen` and keyword-only to type checkers."""


class Record(msgspec.Struct, frozen=True, kw_only=True, metaclass=RecordMeta):
    """An immutable value with named fields, compared by content."""
