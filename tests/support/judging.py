"""Whether gates and budgets of a run were judged as they must be (MODEL 6, 11)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from support.laws_of_work import Law, require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from support.replay import Replay
    from support.standing import Event


class Verdicts(Law):
    """Counts bad nodes, failed attempts and false alarms as gates and budgets do."""

    def __init__(self, replay: Replay, steps: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(replay)
        self.steps = {step["id"]: step for step in steps}
        self.alarms = 0  # since the last start
        self.failures = 0  # since the last resumption
        self.judged: list[Mapping[str, Any]] = []  # gates of pauses that ended in this instant
        self.gate_failed = False
        self.left_out: set[str] = set()
        worked = {node for s in steps if s["action"] in ("patch", "build") for node in s["nodes"]}
        self.base: dict[str, int] = {}
        for node in worked:
            release = self.reading.patch(node).release
            self.base[release] = self.base.get(release, 0) + 1

    def on_step_start(self, event: Event) -> None:
        if event["action"] != "pause":
            self.alarms = 0

    def on_attempt_start(self, _: Event) -> None:
        self.alarms = 0

    def on_false_alarm(self, _: Event) -> None:
        self.alarms += 1

    def on_patch_failed(self, _: Event) -> None:
        self.failures += 1

    on_build_failed = on_patch_failed

    def on_plan_resumed(self, _: Event) -> None:
        self.alarms = self.failures = 0

    def on_node_left_out(self, event: Event) -> None:
        if self.run.steps.get(event["step"]) is not None:
            self.left_out |= set(self.run.job_of(event["step"], event["node"]).nodes)

    def on_step_end(self, event: Event) -> None:
        gate = self.steps[event["step"]].get("gate")
        if gate is not None and self.run.abort is None:
            self.judged.append(gate)

    def bad(self) -> set[str]:
        """Return the bad nodes that count."""
        return {name for name, node in self.run.nodes.items() if node.bad and not node.excused}

    def fails(self, gate: Mapping[str, Any], bad: int) -> bool:
        """Whether a gate stops the plan."""
        counted = self.failures if gate.get("count", "bad") == "attempts" else bad
        return bool(counted + self.alarms > gate["max_failures"])

    def overdrawn(self) -> bool:
        """Whether a budget is used up."""
        bad, limit, share = self.bad(), self.reading.abort_after, self.reading.abort_share
        if limit is not None and len(bad) >= limit:
            return True
        return share is not None and any(
            sum(self.reading.patch(node).release == release for node in bad)
            > max(Fraction(1), Fraction(str(share)) * base)
            for release, base in self.base.items()
        )

    def on_gate_failed(self, event: Event) -> None:
        self.gate_failed = True
        fails = any(self.fails(gate, len(self.bad())) for gate in self.judged)
        require(fails, f"no gate fails: {event}")

    def on_abort(self, event: Event) -> None:
        missed = [gate for gate in self.judged if self.fails(gate, len(self.bad()))]
        require(self.gate_failed or not missed, f"a gate fails first: {event}")
        cause = self.gate_failed or self.overdrawn() or self.run.left_out
        require(cause or "does not end" in event["reason"], f"nothing to abort for: {event}")

    def settled(self) -> None:
        """Require that nothing goes on after a gate or a budget that fails."""
        if self.run.abort is None:
            bad = len(self.bad() - self.left_out)
            missed = [gate for gate in self.judged if self.fails(gate, bad)]
            require(not missed, f"a gate fails at {self.run.now}: {missed}")
            spent = self.overdrawn() and not self.run.over
            require(not spent, f"a budget is used up at {self.run.now}")
        self.judged, self.gate_failed, self.left_out = [], False, set()
