"""The command line is tested with the same real processes as the whole program."""

from tests.e2e.conftest import home, member, owner, pytest_configure, recording, sandbox

__all__ = ["home", "member", "owner", "pytest_configure", "recording", "sandbox"]
