"""A Discord of one's own on the loopback: REST and gateway enough for any nextcord bot, no token.

It stands apart: nothing here imports the rest of acore. Its rooms, each of which imports only those below:

- `server` puts everything together and opens the port, `switches` are what can be done to it meanwhile;
- `control` drives it from outside, `cdn` has the files, `resources` are the operations of REST, `load` is for
  many at once;
- `api` leads a request to its answer;
- `interactions`, then `messages`, then `gateway` beside `forms` (reading what was sent);
- `limits`, then `faults`;
- `state`, which changes what there is, with `payloads` (records as Discord's JSON) and `permissions`;
- `refusals`, and what is no Discord's: `shapes`, `realtime`, `parameters`, `recorder`, `counts`.

`person` and, above it, `console` stand on the other side of the wire.
"""

from acore.sandbox.faults.faults import Active
from acore.sandbox.faults.hold import Hold
from acore.sandbox.faults.kinds import (
    Close,
    Cloudflare,
    Cut,
    Drop,
    Fault,
    HoldRequests,
    Invalidate,
    Lag,
    Latency,
    Mangle,
    MangleEvent,
    Outage,
    RateLimit,
    Reconnect,
    Refuse,
    RefuseIdentify,
    Revoke,
    Stall,
    Status,
)
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.parameters import WrongInputError
from acore.sandbox.person.connection import RefusedError, SentFile
from acore.sandbox.person.feed import GatewayLostError, PersonError, SeenEvent
from acore.sandbox.person.forms import UnknownCommandError
from acore.sandbox.person.invocation import DidNotRespondError, Invocation
from acore.sandbox.person.person import Person
from acore.sandbox.server import PortInUseError, Sandbox
from acore.sandbox.state.keeping import KeptFileError
from acore.sandbox.state.tables import WorldFileError

__all__ = [
    "Active",
    "Close",
    "Cloudflare",
    "Cut",
    "DidNotRespondError",
    "Drop",
    "Fault",
    "GatewayLostError",
    "Hold",
    "HoldRequests",
    "Invalidate",
    "Invocation",
    "KeptFileError",
    "Lag",
    "Latency",
    "Limits",
    "Mangle",
    "MangleEvent",
    "Outage",
    "Person",
    "PersonError",
    "PortInUseError",
    "RateLimit",
    "Reconnect",
    "Refuse",
    "RefuseIdentify",
    "RefusedError",
    "Revoke",
    "Sandbox",
    "SeenEvent",
    "SentFile",
    "Stall",
    "Status",
    "UnknownCommandError",
    "WorldFileError",
    "WrongInputError",
]
