"""OTP's rules for supervisors, without a loop, a clock or an actor: what runs after each thing that happens.

Where acore differs from OTP on purpose, so does this: a child that was stopped by hand stays stopped when
its group restarts.
"""

from dataclasses import dataclass, field


@dataclass(eq=False)
class Child:
    name: str
    restart: str = "permanent"
    plan: list[str] = field(default_factory=list[str])  # how its next starts go: ok, fail, ignore
    number: int = 0
    is_up: bool = False
    is_held: bool = False

    def begin(self) -> str:
        outcome = self.plan.pop(0) if self.plan else "ok"
        self.number, self.is_up = self.number + 1, outcome == "ok"
        return outcome

    def end(self) -> None:
        self.is_up = False

    def reset(self) -> None:
        self.number = 0


@dataclass(eq=False)
class Group(Child):
    strategy: str = "one_for_one"
    intensity: int = 1
    period: float = 10.0
    own: list[Child] = field(default_factory=list[Child])
    children: list[Child] = field(default_factory=list[Child])
    failures: list[float] = field(default_factory=list[float])

    def begin(self) -> str:
        self.number, self.is_up, self.failures, self.children = self.number + 1, True, [], [*self.own]
        for child in self.own:
            child.is_held = False
            outcome = child.begin()
            if outcome == "fail":
                self.end()
                return "fail"
            self.forget(child, outcome == "ignore" and child.restart == "temporary")
        return "ok"

    def end(self) -> None:
        self.is_up = False
        for child in [*self.children]:
            child.end()
            self.forget(child, child.restart == "temporary" or child not in self.own)

    def forget(self, child: Child, is_gone: bool) -> None:  # noqa: FBT001 - the model is short before all
        if is_gone and child in self.children:
            self.children.remove(child)
            child.reset()

    def reset(self) -> None:
        self.number, self.children = 0, []
        for child in self.own:
            child.reset()

    def failed(self, child: Child | None, now: float, said: list[tuple[str, int]]) -> bool:
        """Restart what the failure of *child* calls for; return whether the limit was kept."""
        while child is not None:
            self.failures = [at for at in self.failures if now - at <= self.period] + [now]
            if len(self.failures) > self.intensity:
                said.append((self.name, 0))
                self.end()
                return False
            said.append((child.name, len(self.failures)))
            first = {"one_for_all": 0, "rest_for_one": self.children.index(child)}.get(self.strategy)
            together = [child] if first is None else self.children[first:]
            for one in together:
                one.end()
                self.forget(one, one.restart == "temporary")
            again = [one for one in together if one in self.children and not one.is_held]
            child = next((one for one in again if one.begin() == "fail"), None)
        return True


def ended(path: list[Group], child: Child, is_abnormal: bool, now: float) -> list[tuple[str, int]]:  # noqa: FBT001 - the same
    """Tell the last of *path* that *child* has ended by itself; return each restart with its count."""
    said: list[tuple[str, int]] = []
    child.end()
    if child.restart == "permanent" or (child.restart == "transient" and is_abnormal):
        if not path[-1].failed(child, now, said) and path[:-1]:
            said += ended(path[:-1], path[-1], is_abnormal=True, now=now)
    else:
        path[-1].forget(child, child.restart == "temporary")
    return said
