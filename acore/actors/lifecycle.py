"""LifecycleActor: how the program started, how its actors are, who wants one restarted, how it is to end."""

import msgspec

from acore.events.audit import AuditNoted
from acore.events.lifecycle import (
    ActorLine,
    DescribeActors,
    DescribeProcess,
    EndProcess,
    InterruptionFound,
    LifecycleView,
    LoadLastRun,
    PastRun,
    ProcessFacts,
    RunEnded,
    RunStarted,
    StopRequested,
)
from acore.events.parts import PartNotRestarted, PartRestarted, RestartActor, RestartPart, RestartVerdict
from acore.events.supervision import ActorExited, ActorStarted
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles


class LifecycleState(msgspec.Struct):
    """The process, the run before it, every actor, who wanted which restarted, and why it is to stop."""

    process: ProcessFacts | None = None
    previous: PastRun | None = None
    actors: dict[str, ActorLine] = {}
    restarting: dict[str, RestartActor] = {}
    stopping_by: str = ""


class LifecycleActor(Actor[LifecycleState]):
    """Owns start, stop and uptime, and keeps a line about every actor."""

    asks = (DescribeProcess, DescribeActors, LoadLastRun)

    async def on_start(self, ctx: Context) -> None:
        """Learn what runs here and what ran before; the first time, record that a run began."""
        process = await ctx.ask(DescribeProcess())
        self.state.process = process
        self.state.previous = await ctx.ask(LoadLastRun())
        self.state.actors = {line.name: line for line in await ctx.ask(DescribeActors())}
        if ctx.incarnation == 1:
            ctx.publish(
                RunStarted(
                    version=process.version,
                    commit=process.commit,
                    python=process.python,
                    host=process.host,
                    pid=process.pid,
                    settings_revision=process.settings_revision,
                )
            )
            ctx.publish(AuditNoted(who="acore", action="start", target="process", outcome="done"))
            before = self.state.previous
            if before is not None and before.ended is None:
                ctx.publish(
                    InterruptionFound(
                        boot=before.boot,
                        began=before.began,
                        version=before.version,
                        reason=before.reason,
                        last_seq=before.last_seq,
                        silent_for=(
                            None if before.last_sign is None else (ctx.now - before.last_sign).total_seconds()
                        ),
                        pending_effects=before.pending_effects,
                    )
                )

    @handles
    async def began(self, started: ActorStarted, ctx: Context) -> None:
        """Note that an actor is up, unless more is known of it: news may come in another order."""
        before = self.state.actors.get(started.actor)
        if before is not None and (before.incarnation, not before.is_up) > (started.incarnation, False):
            return
        self.state.actors[started.actor] = ActorLine(
            name=started.actor,
            is_up=True,
            incarnation=started.incarnation,
            since=ctx.now,
            restarts=started.incarnation - 1,
            last_failure=before.last_failure if before else "",
            failed=before.failed if before else None,
        )

    @handles
    async def ended(self, exited: ActorExited, ctx: Context) -> None:
        """Note that an actor is down, unless the next run is known already; and why in any case."""
        before = self.state.actors.get(exited.actor)
        # Supervisors end too, and are no part that an operator knows.
        if before is None:
            return
        line = msgspec.structs.replace(
            before,
            last_failure=exited.reason or before.last_failure,
            failed=ctx.now if exited.reason else before.failed,
        )
        if exited.incarnation >= before.incarnation:
            line = msgspec.structs.replace(
                line,
                is_up=False,
                incarnation=exited.incarnation,
                since=ctx.now,
                restarts=exited.incarnation - 1,
            )
        self.state.actors[exited.actor] = line

    @handles
    async def restart(self, wanted: RestartActor, ctx: Context) -> RestartVerdict:
        """Have one actor stopped and started again, unless there is a reason not to."""
        verdict = self._verdict(wanted.actor)
        if verdict is RestartVerdict.ACCEPTED:
            self.state.restarting[wanted.actor] = wanted
            ctx.perform(RestartPart(actor=wanted.actor, by=wanted.by))
            ctx.publish(_restart_noted(wanted, "asked"))
        else:
            ctx.publish(_restart_noted(wanted, "refused", verdict.value))
        return verdict

    def _verdict(self, actor: str) -> RestartVerdict:
        if actor not in self.state.actors:
            return RestartVerdict.UNKNOWN
        if self.state.stopping_by:
            return RestartVerdict.STOPPING
        # One that is down may be asked for: it waits for its turn to start again, or nobody would start it.
        if actor in self.state.restarting:
            return RestartVerdict.UNDER_WAY
        return RestartVerdict.ACCEPTED

    @handles
    async def restarted(self, news: PartRestarted, ctx: Context) -> None:
        """Note that an actor is up again as somebody wanted."""
        wanted = self.state.restarting.pop(news.actor, RestartActor(actor=news.actor, by=news.by))
        ctx.publish(_restart_noted(wanted, "done"))

    @handles
    async def not_restarted(self, news: PartNotRestarted, ctx: Context) -> None:
        """Note that an actor is not up again though somebody wanted it."""
        wanted = self.state.restarting.pop(news.actor, RestartActor(actor=news.actor, by=news.by))
        ctx.publish(_restart_noted(wanted, "failed", news.reason))

    @handles
    async def stop(self, wanted: StopRequested, ctx: Context) -> None:
        """Have the process ended in good order; asking again changes nothing."""
        if not self.state.stopping_by:
            self.state.stopping_by = wanted.by
            ctx.publish(AuditNoted(who=wanted.by, action="stop", target="process", outcome="asked"))
            ctx.perform(EndProcess(reason=wanted.by))

    async def on_stop(self, ctx: Context) -> None:
        """Record that this run ended in good order, if it was asked to: a restart of this part is no end."""
        if self.state.process is not None and self.state.stopping_by:
            uptime = (ctx.now - self.state.process.began).total_seconds()
            ctx.publish(RunEnded(reason=self.state.stopping_by, uptime=uptime))

    def view(self) -> LifecycleView | None:
        """Show the process and its actors."""
        process = self.state.process
        if process is None:
            return None
        return LifecycleView(
            began=process.began,
            version=process.version,
            commit=process.commit,
            is_stopping=bool(self.state.stopping_by),
            previous=self.state.previous,
            actors=tuple(self.state.actors.values()),
        )


def _restart_noted(wanted: RestartActor, outcome: str, reason: str = "") -> AuditNoted:
    return AuditNoted(
        who=f"{wanted.by} ({wanted.user})" if wanted.user else wanted.by,
        action="restart",
        target=wanted.actor,
        outcome=outcome,
        interaction=wanted.interaction,
        reason=reason,
    )
