"""The command line is tested with the same real processes as the whole program."""

from tests.capsule.conftest import _lived, data
from tests.e2e.conftest import home, member, owner, pytest_configure, recording, sandbox

__all__ = ["_lived", "data", "home", "member", "owner", "pytest_configure", "recording", "sandbox"]
