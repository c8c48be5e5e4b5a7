"""What went wrong in one run, and when, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from patchopt.model.events import EventKind
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.reports.pages.markdown import clock, code, escape, names
from patchopt.reports.trace.events import Event, end_of, new_at_end, tell
from patchopt.wording import plural

#: Incidents that need no more words than these, by the event that they are.
_AT_ONCE: Final = {
    EventKind.PATCH_FAILED.label: "patch of {node} failed, attempt {attempt}",
    EventKind.BUILD_FAILED.label: "copy of {node} failed, attempt {attempt}: thrown away",
    EventKind.ROLLED_BACK.label: "{node} rolled back",
    EventKind.ROLLBACK_FAILED.label: "rollback of {node} failed",
    EventKind.NODE_FAILED.label: "{node} FAILED",
    EventKind.NODE_LEFT_OUT.label: "{node} left out of step {step}",
    EventKind.NODE_IMPAIRED.label: "{node} IMPAIRED: the patch turned out bad in service",
    EventKind.FAILURE_DETECTED.label: "latent failure of {node} detected",
    EventKind.ROLLBACK_START.label: "{node} is taken back from service to roll it back",
    EventKind.FALSE_ALARM.label: "false alarm",
    EventKind.NODE_CRASHED.label: "{node} crashed",
    EventKind.NODE_REPAIRED.label: "{node} repaired, old again",
    EventKind.GATE_FAILED.label: "gate failed: {reason}",
    EventKind.ABORT.label: "plan aborted: {reason}",
    EventKind.NODE_PUT_OFF.label: "{nodes} of step {step} put off: {reason}",
    EventKind.PLAN_RESUMED.label: "plan goes on after a {reason}",
    EventKind.RELEASE_REPLACED.label: "{release} replaced by a new one, generation {generation}",
}


@dataclass(frozen=True)
class Incident:
    """One thing that went wrong or had to wait.

    Parameters
    ----------
    time_s : int
        When it began, seconds.
    text : str
        What it was, Markdown.
    """

    time_s: int
    text: str


def incidents(
    infrastructure: Infrastructure, plan: Plan, events: Sequence[Event]
) -> list[Incident]:
    """Tell what went wrong in a run.

    Parameters
    ----------
    infrastructure : Infrastructure
        What was patched.
    plan : Plan
        What was run.
    events : sequence of mapping
        Of the run.

    Returns
    -------
    list of Incident
        In the order in which they began: failures, rollbacks, crashes, repairs, latent
        failures and their detection, alarms, stops and what followed them, services below
        min_up, mixed edges that are not harmless, steps and attempts that waited, nodes left
        unpatched.
    """
    teller = _Teller()
    for event in events:
        if event["event"] in _AT_ONCE:
            teller.tell(int(event["time"]), _at_once(event))
    tell(teller, events)
    end = end_of(events)
    teller.finish(end)
    left = _unpatched(infrastructure, plan, events) if events else 0
    found = sorted(teller.found, key=lambda incident: incident.time_s)
    if left:
        found.append(Incident(end, f"{plural(left, 'planned node')} left unpatched at the end"))
    return found


def _at_once(event: Event) -> str:
    told = {
        "node": code(event.get("node", "")),
        "nodes": names(event.get("nodes", ())),
        "release": code(event.get("release", "")),
        "reason": escape(event.get("reason", "")),
    }
    return _AT_ONCE[event["event"]].format_map({**event, **told})


def _unpatched(infrastructure: Infrastructure, plan: Plan, events: Sequence[Event]) -> int:
    planned = {name for step in plan.steps for name in step.nodes}
    done = new_at_end(events)
    return len([name for name in infrastructure.nodes.ids if name in planned - done])


@dataclass
class _Teller:
    """Pairs beginnings with ends."""

    found: list[Incident] = field(default_factory=list)
    below: dict[str, tuple[int, Event]] = field(default_factory=dict)
    mixed: dict[tuple[str, str], tuple[int, Event]] = field(default_factory=dict)
    #: By step, and by step and first node of an attempt.
    waits: dict[tuple[int, str], tuple[int, Event]] = field(default_factory=dict)

    def tell(self, time: int, text: str) -> None:
        self.found.append(Incident(time, text))

    def on_service_below(self, time: int, event: Event) -> None:
        # Told again whenever the number changes; the first of an interval counts.
        self.below.setdefault(event["service"], (time, event))

    def on_service_restored(self, time: int, event: Event) -> None:
        since, first = self.below.pop(event["service"])
        self._service(since, first, f"for {clock(time - since)}")

    def _service(self, since: int, event: Event, how_long: str) -> None:
        need = f"{event['serving']} of at least {event['min_up']} serving"
        self.tell(since, f"service {code(event['service'])} below min_up ({need}) {how_long}")

    def on_edge_mixed(self, time: int, event: Event) -> None:
        if event["compatibility"] != "compatible":
            self.mixed[event["source"], event["target"]] = (time, event)

    def on_edge_settled(self, time: int, event: Event) -> None:
        begun = self.mixed.pop((event["source"], event["target"]), None)
        if begun is not None:
            self._edge(*begun, f"for {clock(time - begun[0])}")

    def _edge(self, since: int, event: Event, how_long: str) -> None:
        ends = f"{code(event['source'])} → {code(event['target'])}"
        self.tell(since, f"{event['compatibility']} edge {ends} mixed {how_long}")

    def on_step_wait(self, time: int, event: Event) -> None:
        self.waits[event["step"], ""] = (time, event)

    def on_attempt_wait(self, time: int, event: Event) -> None:
        self.waits[event["step"], event["nodes"][0]] = (time, event)

    def on_step_start(self, time: int, event: Event) -> None:
        self._end_wait(event["step"], "", time)

    def on_attempt_start(self, time: int, event: Event) -> None:
        self._end_wait(event["step"], event["nodes"][0], time)

    def on_node_left_out(self, time: int, event: Event) -> None:
        for first in ("", event["node"]):
            self._end_wait(event["step"], first, time, " until it was left out")

    def on_abort(self, time: int, _event: Event) -> None:
        for step, first in list(self.waits):
            self._end_wait(step, first, time, " until the plan was aborted")

    def _end_wait(self, step: int, first: str, time: int, until: str = "") -> None:
        begun = self.waits.pop((step, first), None)
        if begun is not None:
            self._wait(*begun, f"waited {clock(time - begun[0])}{until}")

    def _wait(self, since: int, event: Event, how_long: str) -> None:
        what = f"step {event['step']}"
        if "attempt" in event:
            what = f"attempt {event['attempt']} of {what} on {names(event['nodes'])}"
        self.tell(since, f"{what} {how_long}: {escape(event['reason'])}")

    def finish(self, end: int) -> None:
        """Close what lasted until the end of the run."""
        for since, event in self.below.values():
            self._service(since, event, f"until the end, {clock(max(end - since, 0))}")
        for since, event in self.mixed.values():
            self._edge(since, event, f"until the end, {clock(max(end - since, 0))}")
        for since, event in self.waits.values():
            self._wait(since, event, "waited and never started")
