"""What the loop records in the words of the scenario (MODEL 10)."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from patchopt.model.arrays import EDGE_KINDS
from patchopt.model.events import EventKind
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator.loop.bundles import Rows
from patchopt.simulator.loop.codes import Reason
from patchopt.simulator.loop.state_rows import EventRow

Event = dict[str, Any]

#: Events of a node in an attempt of a step; the operands are node, step, attempt.
_OF_ATTEMPTS = frozenset(
    {
        EventKind.NODE_DOWN,
        EventKind.NODE_PATCHED,
        EventKind.NODE_SERVING,
        EventKind.PATCH_FAILED,
        EventKind.ROLLED_BACK,
        EventKind.NODE_FAILED,
        EventKind.BUILT,
        EventKind.BUILD_FAILED,
        EventKind.SWITCHED,
        EventKind.ROLLBACK_FAILED,
        EventKind.LATENT_FAILURE,
        EventKind.ROLLBACK_START,
        EventKind.WORK_OVER,
    }
)
#: Events of a node alone.
_OF_NODES = frozenset(
    {
        EventKind.NODE_IMPAIRED,
        EventKind.FAILURE_DETECTED,
        EventKind.NODE_CRASHED,
        EventKind.NODE_REPAIRED,
    }
)
_FIXED_REASONS = {
    Reason.CREW: "not enough crew: max_parallel",
    Reason.SURGE: "not enough surge slots",
    Reason.WINDOW: "no window is open long enough",
    Reason.ENDLESS: "does not end",
}
_NODE_REASONS = {
    Reason.NODE: "{} has failed and is not back yet",
    Reason.ORDER: "what {} depends on is not all patched",
    Reason.HOST: "{} and its host cannot be worked on together",
}
_OF_STOPS = frozenset({Reason.GATE, Reason.ATTEMPTS, Reason.BUDGET, Reason.SHARE})
_RESUMPTIONS = ("review", "respin")
_KIND_NAMES = {number: name for name, number in EDGE_KINDS.items()}


class Teller:
    """Puts the numbers of a run into words, for one plan on one infrastructure."""

    def __init__(self, infrastructure: Infrastructure, plan: Plan) -> None:
        self.infrastructure = infrastructure
        self.plan = plan

    def reason(self, number: int, step: int, detail: int) -> str:
        """Say why a step waits or the plan was aborted."""
        code = Reason(number)
        if code in _FIXED_REASONS:
            return _FIXED_REASONS[code]
        if code in (Reason.NODE, Reason.ORDER, Reason.HOST):
            return _NODE_REASONS[code].format(self.infrastructure.nodes.ids[detail])
        limits, services = self.infrastructure.limits, self.infrastructure.services
        if code == Reason.SERVICE:
            name, needed = services.names[detail], int(services.min_up[detail])
            return f"service {name} would fall below min_up {needed}"
        if code in (Reason.GATE, Reason.ATTEMPTS):
            what = "bad nodes" if code == Reason.GATE else "failed attempts"
            gate = self.plan.steps[step].gate
            allowed = 0 if gate is None else gate.max_failures
            return f"{what} and false alarms: {detail}, more than the gate's {allowed}"
        if code == Reason.BUDGET:
            return f"bad nodes: {detail}, as many as abort_after_failures"
        release = self.infrastructure.releases.names[detail]
        share = f"{limits.abort_share_bp / 100:g}%"
        return f"of the nodes patched with {release}, more than abort_share {share} are bad"

    def abort_reason(self, code: int, step: int, detail: int) -> str:
        """Say why a plan was aborted; empty if it was not."""
        if code == Reason.NONE:
            return ""
        reason = self.reason(code, step, detail)
        if code in (Reason.GATE, Reason.ATTEMPTS):
            return f"step {step}: {reason}"
        if code in _OF_STOPS or code == Reason.ENDLESS:
            return reason
        return f"step {step} can never start: {reason}"

    def events(
        self, rows: Rows[EventRow], seed: int, replication: int, completion_s: int, end_s: int
    ) -> list[Event]:
        """Return a run's events as they go into ``events.jsonl``, from 0 to O."""
        ends = {
            "scenario": self.infrastructure.scenario.name,
            "strategy": self.plan.strategy.name,
            "seed": seed,
            "replication": replication,
        }
        told: list[Event] = [{"time": 0, "event": EventKind.RUN_START.label, **ends}]
        for time_s, number, *operands in cast("Any", rows).tolist():
            kind = EventKind(number)
            if kind == EventKind.MEMBER:
                self._add_member(told[-1], *operands)
            else:
                told.append({"time": time_s, "event": kind.label, **self._keys(kind, *operands)})
        end = {"time": end_s, "event": EventKind.RUN_END.label, **ends}
        told.append(end | {"completion_time": completion_s})
        return told

    def _add_member(self, event: Event, node: int, detail: int, reason: int) -> None:
        """Add a node to the event before; with the first, the detail of its reason is known."""
        if reason != Reason.NONE and "reason" not in event:
            event["reason"] = self.reason(reason, event["step"], detail)
        event["nodes"].append(self.infrastructure.nodes.ids[node])

    def _keys(self, kind: EventKind, first: int, second: int, third: int) -> Event:
        """Return what an event says besides its time and its kind."""
        names = self.infrastructure.nodes.ids
        if kind in _OF_ATTEMPTS:
            return {"node": names[first], "step": second, "attempt": third}
        if kind in _OF_NODES:
            return {"node": names[first]}
        if kind in (EventKind.SERVICE_BELOW, EventKind.SERVICE_RESTORED):
            return self._service(first, second)
        if kind in (EventKind.EDGE_MIXED, EventKind.EDGE_SETTLED):
            return self._edge(first)
        return self._of_plan(kind, first, second, third)

    def _of_plan(self, kind: EventKind, first: int, second: int, third: int) -> Event:
        keys: Event = {}  # a false alarm says no more
        match kind:
            case EventKind.STEP_WAIT:
                keys = {"step": first, "reason": self.reason(second, first, third)}
            case EventKind.STEP_START:
                step = self.plan.steps[first]
                nodes = [] if second == 1 else list(step.nodes)  # those of a part of it follow
                keys = {"step": first, "action": step.action, "nodes": nodes}
                keys["waives"] = list(step.waives)
            case EventKind.ATTEMPT_WAIT | EventKind.ATTEMPT_START | EventKind.NODE_PUT_OFF:
                keys = {"step": first, "nodes": [], "attempt": second}
            case EventKind.PLAN_RESUMED:
                keys = {"reason": _RESUMPTIONS[first]}
            case EventKind.RELEASE_REPLACED:
                release = self.infrastructure.releases.names[first]
                keys = {"release": release, "generation": second}
            case EventKind.STEP_END:
                keys = {"step": first}
            case EventKind.NODE_LEFT_OUT:
                keys = {"node": self.infrastructure.nodes.ids[first], "step": second}
            case EventKind.GATE_FAILED:
                keys = {"reason": self.reason(first, second, third)}
            case EventKind.ABORT:
                keys = {"reason": self.abort_reason(first, second, third)}
        return keys

    def _service(self, service: int, serving: int) -> Event:
        services = self.infrastructure.services
        return {
            "service": services.names[service],
            "serving": serving,
            "min_up": int(services.min_up[service]),
        }

    def _edge(self, edge: int) -> Event:
        written = self.infrastructure.scenario.edges[edge]
        kind = _KIND_NAMES[int(np.int64(self.infrastructure.edges.kind[edge]))]
        return {"source": written.source, "target": written.target, "compatibility": kind}
