"""The nominal run of a plan: nothing fails, nothing varies (MODEL 7)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from patchopt.model.events import EventKind
from patchopt.reports.trace.bars import Bar, bars
from patchopt.reports.trace.curves import Curve, availability
from patchopt.reports.trace.events import Event, times_of
from patchopt.reports.trace.outages import Outage, outages

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan
    from patchopt.simulator import Outcome

#: What a plan may break, in the order in which it is told, each with the metric that shows it.
_BREAKS: Final = {
    "min_up": "unplanned_downtime",
    "crew": "crew_overrun",
    "surge": "surge_overrun",
    "incompatible versions": "incompatibility_violations",
    "windows": "window_overrun",
    "order": "order_violations",
}


@dataclass(frozen=True, eq=False)
class NominalRun:
    """A plan run without failures, with nominal durations.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where the plan ran; nothing goes wrong there.
    plan : Plan
        What was done.
    outcome : Outcome
        Its metrics and events, one replication.
    """

    infrastructure: Infrastructure
    plan: Plan
    outcome: Outcome

    @classmethod
    def of(cls, infrastructure: Infrastructure, plan: Plan) -> NominalRun:
        """Run a plan."""
        from patchopt.simulator import simulate

        calm = infrastructure.without_failures()
        return cls(calm, plan, simulate(calm, plan, seed=0, events=True))

    @property
    def events(self) -> list[Event]:
        """What happened, in order of time and cause."""
        return list(self.outcome.events)

    @property
    def end_s(self) -> int:
        """T, in seconds."""
        return self.outcome.exact("completion_time")

    @cached_property
    def started(self) -> dict[int, int]:
        """When each step started, seconds; those that never did are not in it."""
        return times_of(self.events, EventKind.STEP_START)

    @cached_property
    def ended(self) -> dict[int, int]:
        """When each step ended, seconds."""
        return times_of(self.events, EventKind.STEP_END)

    @cached_property
    def over(self) -> dict[int, int]:
        """When those after each step could go on: it had ended, or was left out; seconds."""
        return times_of(self.events, EventKind.NODE_LEFT_OUT) | self.ended

    @cached_property
    def bars(self) -> list[Bar]:
        """The work on every node."""
        return bars(self.infrastructure, self.plan, self.events)

    @cached_property
    def serving(self) -> Curve:
        """How many instances of each service serve, over time."""
        return availability(self.infrastructure, self.events)

    @cached_property
    def outages(self) -> list[Outage]:
        """When which service is below min_up, by the plan's leave or not."""
        return outages(self.infrastructure, self.plan, self.events)


def breaks(run: NominalRun) -> list[str]:
    """Return what a plan breaks in its nominal run, in few words; nothing if it keeps all.

    Parameters
    ----------
    run : NominalRun
        Of the plan.

    Returns
    -------
    list of str
        Some of ``min_up``, ``crew``, ``surge``, ``incompatible versions``, ``windows`` and
        ``order``. None if, and only if, the run has no ``breach``.
    """
    return [what for what, metric in _BREAKS.items() if run.outcome.exact(metric)]
