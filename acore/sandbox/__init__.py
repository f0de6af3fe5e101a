"""A Discord of one's own on the loopback: REST and gateway enough for any nextcord bot, no token.

It stands apart: nothing here imports the rest of acore.
"""

from acore.sandbox.faults.faults import Hold
from acore.sandbox.person.connection import RefusedError, SentFile
from acore.sandbox.person.feed import GatewayLostError, PersonError, SeenEvent
from acore.sandbox.person.forms import UnknownCommandError
from acore.sandbox.person.invocation import DidNotRespondError, Invocation
from acore.sandbox.person.person import Person
from acore.sandbox.server import PortInUseError, Sandbox

__all__ = [
    "DidNotRespondError",
    "GatewayLostError",
    "Hold",
    "Invocation",
    "Person",
    "PersonError",
    "PortInUseError",
    "RefusedError",
    "Sandbox",
    "SeenEvent",
    "SentFile",
    "UnknownCommandError",
]
