"""What the supervisors of one tree share."""

from typing import Protocol

from acore.runtime.administration import ChildInfo
from acore.runtime.cause import Cause
from acore.runtime.incarnation import Body
from acore.runtime.restart import Exit
from acore.runtime.spec import Spec


class Bodies(Protocol):
    """The actors' cells, which outlive the runs of their supervisors, by name; and who wants to know."""

    def take(self, spec: Spec, owner: str) -> Body:
        """Return what *owner* runs for *spec*, made if it is not there.

        Raises:
            AcoreError: The name, or a command or effect, belongs to another already.
        """
        ...

    def release(self, spec: Spec) -> None:
        """Forget the bodies of *spec* and of all below it."""
        ...

    def ended(self, child: str, end: Exit | None, below: tuple[ChildInfo, ...]) -> None:
        """Be told that *child* has ended for good, with those below it."""
        ...

    def stops(self, supervisor: str, failure: BaseException | None, cause: Cause) -> None:
        """Be told that *supervisor* begins to stop; and what went wrong, and of what, if anything did."""
        ...
