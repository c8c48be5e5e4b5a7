"""Event records of the kernel in the words of the scenario (MODEL 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from patchopt.model.arrays import EDGE_KINDS
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.simulator.loop import layout as at
from patchopt.simulator.loop.layout import Ints

Event = dict[str, Any]

_NODE_EVENTS = {
    at.EV_NODE_DOWN: "node_down",
    at.EV_NODE_PATCHED: "node_patched",
    at.EV_NODE_SERVING: "node_serving",
    at.EV_PATCH_FAILED: "patch_failed",
    at.EV_ROLLED_BACK: "rolled_back",
    at.EV_NODE_FAILED: "node_failed",
    at.EV_BUILT: "built",
    at.EV_BUILD_FAILED: "build_failed",
    at.EV_SWITCHED: "switched",
    at.EV_ROLLBACK_FAILED: "rollback_failed",
    at.EV_LATENT: "latent_failure",
    at.EV_REVERT: "rollback_start",
    at.EV_WORK_OVER: "work_over",
}
_HAPPENINGS = {
    at.EV_IMPAIRED: "node_impaired",
    at.EV_DETECTED: "failure_detected",
    at.EV_CRASHED: "node_crashed",
    at.EV_REPAIRED: "node_repaired",
}
_FIXED_REASONS = {
    at.R_CREW: "not enough crew: max_parallel",
    at.R_SURGE: "not enough surge slots",
    at.R_WINDOW: "no window is open long enough",
    at.R_LATEST: "the run goes on for longer than exact 64-bit exposures allow",
}
_NODE_REASONS = {
    at.R_NODE: "{} has failed and is not back yet",
    at.R_ORDER: "what {} depends on is not all patched",
    at.R_HOST: "{} and its host cannot be worked on together",
}
_KIND_NAMES = {number: name for name, number in EDGE_KINDS.items()}


class Teller:
    """Puts the numbers of a run into words, for one plan on one infrastructure."""

    def __init__(self, infrastructure: Infrastructure, plan: Plan) -> None:
        self.infrastructure = infrastructure
        self.plan = plan

    def reason(self, code: int, step: int, detail: int) -> str:
        """Say why a step waits or the plan was aborted."""
        if code in _FIXED_REASONS:
            return _FIXED_REASONS[code]
        if code in (at.R_NODE, at.R_ORDER, at.R_HOST):
            return _NODE_REASONS[code].format(self.infrastructure.nodes.ids[detail])
        limits, services = self.infrastructure.limits, self.infrastructure.services
        if code == at.R_SERVICE:
            name, needed = services.names[detail], int(services.min_up[detail])
            return f"service {name} would fall below min_up {needed}"
        if code == at.R_GATE:
            gate = self.plan.steps[step].gate
            allowed = 0 if gate is None else gate.max_failures
            return f"{detail} failed nodes are more than the gate's {allowed}"
        if code == at.R_FAILURES:
            return (
                f"{detail} failed attempts reach abort_after_failures {limits.abort_after_failures}"
            )
        release = self.infrastructure.releases.names[detail]
        share = f"{limits.abort_share_bp / 100:g}%"
        return f"of the nodes attempted for {release}, abort_share {share} or more have failed"

    def abort_reason(self, code: int, step: int, detail: int) -> str:
        """Say why a plan was aborted; empty if it was not."""
        if code == at.R_NONE:
            return ""
        reason = self.reason(code, step, detail)
        if code == at.R_LATEST:
            return reason
        if code in (at.R_GATE, at.R_FAILURES, at.R_SHARE):
            return f"step {step}: {reason}"
        return f"step {step} can never start: {reason}"

    def events(self, rows: Ints, seed: int, end: int) -> list[Event]:
        """Return a run's events as they go into ``events.jsonl``; `end` is T."""
        ends = {
            "scenario": self.infrastructure.scenario.name,
            "strategy": self.plan.strategy.name,
            "seed": seed,
        }
        told: list[Event] = [{"time": 0, "event": "run_start", **ends}]
        for time, code, *operands in rows.tolist():
            name, keys = self._tell(code, operands)
            told.append({"time": time, "event": name, **keys})
        last = max(int(rows[-1, 0]), end) if len(rows) else end
        told.append({"time": last, "event": "run_end", **ends})
        return told

    def _tell(self, code: int, operands: list[int]) -> tuple[str, Event]:
        first, second, third = operands
        if code in _NODE_EVENTS:
            node = self.infrastructure.nodes.ids[first]
            return _NODE_EVENTS[code], {"node": node, "step": second, "attempt": third}
        if code in _HAPPENINGS:
            return _HAPPENINGS[code], {"node": self.infrastructure.nodes.ids[first]}
        tell: Callable[[int, int, int], tuple[str, Event]] = {
            at.EV_STEP_WAIT: self._step_wait,
            at.EV_STEP_START: self._step_start,
            at.EV_STEP_END: lambda step, _b, _c: ("step_end", {"step": step}),
            at.EV_SERVICE_BELOW: lambda s, n, _c: ("service_below", self._service(s, n)),
            at.EV_SERVICE_RESTORED: lambda s, n, _c: ("service_restored", self._service(s, n)),
            at.EV_LEFT_OUT: lambda n, s, _c: ("node_left_out", self._left_out(n, s)),
            at.EV_FALSE_ALARM: lambda _a, _b, _c: ("false_alarm", {}),
            at.EV_EDGE_MIXED: lambda e, _b, _c: ("edge_mixed", self._edge(e)),
            at.EV_EDGE_SETTLED: lambda e, _b, _c: ("edge_settled", self._edge(e)),
            at.EV_GATE_FAILED: lambda r, s, d: ("gate_failed", {"reason": self.reason(r, s, d)}),
            at.EV_ABORT: lambda r, s, d: ("abort", {"reason": self.abort_reason(r, s, d)}),
        }[code]
        return tell(first, second, third)

    def _step_wait(self, step: int, reason: int, detail: int) -> tuple[str, Event]:
        return "step_wait", {"step": step, "reason": self.reason(reason, step, detail)}

    def _step_start(self, step: int, _b: int, _c: int) -> tuple[str, Event]:
        given = self.plan.steps[step]
        keys = {"step": step, "action": given.action, "nodes": list(given.nodes)}
        return "step_start", keys

    def _left_out(self, node: int, step: int) -> Event:
        return {"node": self.infrastructure.nodes.ids[node], "step": step}

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
