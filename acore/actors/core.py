"""The core actors: what each is called in the tree and in the journal, and how it is made."""

from collections.abc import Mapping

from acore.actors.config import ConfigActor
from acore.actors.health import HealthActor
from acore.actors.lifecycle import LifecycleActor
from acore.actors.metrics import MetricsActor
from acore.checks.registry import Tier
from acore.runtime.spec import ChildSpec


def core_specs(tiers: Mapping[str, Tier]) -> tuple[ChildSpec, ...]:
    """Return the core actors in the order in which they start: for the tree, and for a replay of each.

    Args:
        tiers: How often each check is run, by its name.
    """
    return (
        ChildSpec(id="config", actor=ConfigActor),
        ChildSpec(id="lifecycle", actor=LifecycleActor),
        ChildSpec(id="health", actor=HealthActor, start=lambda: HealthActor(tiers)),
        ChildSpec(id="metrics", actor=MetricsActor),
    )
