"""Outcomes read from the draws are what the simulator's logs say has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.simulator import simulate
from patchopt.simulator.loop.streams import replication_keys
from patchopt.stochastic.outcomes import Failure, LatentFailure, Oracle, Outcome, UnitOutcome
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of
from support.examples import small
from support.generate import scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from patchopt.model.infrastructure import Infrastructure

#: What would stop work or befall nodes beside it.
STOPPED = ("abort_after_failures", "abort_share", "windows")


def outcome_of(infrastructure: Infrastructure, seed: int) -> Outcome:
    """Return the outcome of the first replication of a seed."""
    return Oracle(infrastructure).outcome(replication_keys(infrastructure.luck, seed, 0, 1)[0])


def calm(scenario: dict[str, Any]) -> dict[str, Any]:
    """Leave of a scenario what units draw, and nothing that stops them or befalls them."""
    given = scenario.get("constraints") or {}
    kept = {key: value for key, value in given.items() if key not in STOPPED}
    detection = (scenario.get("environment") or {}).get("detection")
    quiet = {"environment": {"detection": detection}} if detection else {}
    rest = {key: value for key, value in scenario.items() if key != "environment"}
    return rest | quiet | {"constraints": kept | {"dependency_order": "none"}}


class Seen:
    """What a log says of each unit: lengths of attempts and rollbacks, and what was latent."""

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        self.begun: dict[tuple[str, int], int] = {}
        self.ended: dict[tuple[str, int], int] = {}
        self.failed: dict[tuple[str, int], int] = {}
        self.back: dict[tuple[str, int], int] = {}
        self.lost: set[tuple[str, int]] = set()
        self.latent: dict[str, int] = {}
        self.detected: dict[str, int] = {}
        for event in events:
            self._see(event)

    def _see(self, event: Mapping[str, Any]) -> None:
        time, kind = event["time"], event["event"]
        if kind == "attempt_start" or (kind == "step_start" and event["action"] != "switch"):
            for node in event["nodes"]:
                self.begun[node, event.get("attempt", 1)] = time
        if "node" not in event or "attempt" not in event:
            if kind == "failure_detected":
                self.detected[event["node"]] = time
            return
        at = event["node"], event["attempt"]
        if kind in ("node_patched", "built"):
            self.ended[at] = time
        elif kind in ("patch_failed", "build_failed"):
            self.failed[at] = time
        elif kind == "rolled_back":
            self.back[at] = time
        elif kind == "node_failed":
            self.lost.add(at)
        elif kind == "latent_failure":
            self.latent[event["node"]] = time


@settings(max_examples=50, deadline=None)
@given(scenarios(trouble=True), st.sampled_from(["big_bang", "blue_green"]), st.integers(0, 3))
def test_work_goes_as_its_outcome_says(scenario: dict[str, Any], strategy: str, seed: int) -> None:
    infrastructure = infrastructure_of(calm(scenario))
    plan = make_strategy(strategy).plan(infrastructure)
    built = {node for step in plan.steps if step.action == "build" for node in step.nodes}
    seen = Seen(simulate(infrastructure, plan, seed=seed, events=True).events)
    for unit, outcome in enumerate(outcome_of(infrastructure, seed)):
        names = [infrastructure.nodes.ids[node] for node in infrastructure.units.members(unit)]
        overhead_s = infrastructure.limits.overhead_s
        warmup_s = int(infrastructure.units.warmup_s[unit]) if names[0] in built else 0
        check_unit(seen, names, outcome, overhead_s, warmup_s, names[0] in built)


def check_unit(
    seen: Seen,
    names: list[str],
    outcome: UnitOutcome,
    overhead_s: int,
    warmup_s: int,
    built: bool,
) -> None:
    """Assert that what a log says of a unit is its outcome, as far as the log goes."""
    for attempt, failure in enumerate(outcome.failures, start=1):
        if (names[0], attempt) not in seen.begun:  # a host above it is lost
            return
        failed_s = seen.begun[names[0], attempt] + overhead_s + failure.duration_s
        when = {seen.failed[name, attempt] for name in names if (name, attempt) in seen.failed}
        assert when == {failed_s}
        if built:
            continue
        lost = any((name, attempt) in seen.lost for name in names)
        assert lost == (failure.rollback_s is None)
        if lost:
            return
        assert {seen.back[name, attempt] - failed_s for name in names} == {failure.rollback_s}
    last = len(outcome.failures) + 1
    if outcome.duration_s is None:
        assert not any((name, last) in seen.begun for name in names)
    elif (names[0], last) in seen.begun:
        worked_s = overhead_s + outcome.duration_s + warmup_s
        assert {seen.ended[name, last] for name in names} == {seen.begun[names[0], last] + worked_s}


SURE: dict[str, Any] = {"severity": 5, "duration": 10, "rollback": 4}


def outcomes(patch: Mapping[str, Any], **constraints: Any) -> UnitOutcome:
    """Return the outcome of a node with a patch."""
    scenario = small({"a": {"patch": SURE | dict(patch)}}, **constraints)
    (outcome,) = outcome_of(infrastructure_of(scenario), 0)
    return outcome


def test_what_never_succeeds_has_all_attempts_that_may_be_made() -> None:
    certain = outcomes({"failure_probability": 1}, max_retries=2)
    assert certain == UnitOutcome(
        failures=(Failure(duration_s=10, rollback_s=4),) * 3, duration_s=None
    )
    lost = outcomes({"failure_probability": 1, "rollback": None})
    assert lost == UnitOutcome(failures=(Failure(duration_s=10, rollback_s=None),), duration_s=None)
    stuck = {"duration": 4, "failure_probability": 1}
    assert outcomes({"failure_probability": 1, "rollback": stuck}) == lost
    assert outcomes({}) == UnitOutcome(failures=(), duration_s=10)


def test_a_latent_failure_is_over_when_its_rollback_is() -> None:
    # Patched at 10, bad from 30 on, detected at 37, old again at 41: 31 s after the commit.
    scenario = small({"a": {"patch": SURE | {"latent": {"probability": 1, "delay": 20}}}})
    scenario["environment"] = {"detection": {"probability": 1, "delay": 7}}
    infrastructure = infrastructure_of(scenario)
    (outcome,) = outcome_of(infrastructure, 0)
    weight_milli = int(infrastructure.nodes.weight_milli[0])
    assert outcome.latent == (LatentFailure(weight_milli=weight_milli, after_s=31),)
    plan = make_strategy("big_bang").plan(infrastructure)
    seen = Seen(simulate(infrastructure, plan, seed=0, events=True).events)
    assert (seen.latent, seen.detected) == ({"a": 10}, {"a": 37})
    assert seen.back == {("a", 1): 41}
    # Nobody sees it, or it cannot go back: it stays new.
    del scenario["environment"]
    assert outcome_of(infrastructure_of(scenario), 0)[0].latent == ()


def test_nothing_else_comes_before_a_stop_is_over() -> None:
    def otherwise(environment: dict[str, Any], **patch: Any) -> int | None:
        scenario = small({"a": {"patch": SURE | patch}}, horizon=1000)
        scenario["environment"] = environment
        (outcome,) = outcome_of(infrastructure_of(scenario), 0)
        return outcome.otherwise_s

    review, respin = {"review": {"delay": 300}}, {"respin": {"delay": 200}}
    alarms = {"detection": {"probability": 1, "delay": 5, "false_alarms_per_day": 9}}
    bad = {"defect": {"probability": 1, "failure_probability": 1}}
    # A second attempt fails as well, and so do all that may be made after reviews, until 1000.
    assert otherwise(review, failure_probability=1) is None
    # It is good at once: nobody makes another attempt, whatever stops the plan.
    assert otherwise(review | respin | alarms) is None
    # Of a defective release, with new luck.
    assert otherwise(review | respin, **bad) == 200
    assert (
        otherwise(
            review | respin, **(bad | {"defect": {"probability": 1, "failure_probability": 0}})
        )
        is None
    )
    assert otherwise(respin, failure_probability=1) is None
    assert otherwise({"respin": {"delay": 1000}}, **bad) is None  # at the horizon
    # Lost in place, it may come back, and a review lets it be tried again.
    lost = {"failure_probability": 1, "rollback": None}
    assert otherwise(review | {"repair": 50}, **lost) == 300


def test_further_attempts_are_those_that_would_have_come() -> None:
    # Half of all attempts fail, one may be made, each review takes 300 s: by the draws of this
    # scenario the first good one after it decides how many reviews it takes.
    scenario = small({"a": {"patch": SURE | {"failure_probability": 0.5}}}, horizon=100_000)
    scenario["environment"] = {"review": {"delay": 300}}
    infrastructure = infrastructure_of(scenario)
    more = infrastructure_of(scenario | {"constraints": {"max_retries": 50, "horizon": 100_000}})
    for seed in range(20):
        (one,), (all_,) = outcome_of(infrastructure, seed), outcome_of(more, seed)
        reviews = len(all_.failures)  # the first of them is no further attempt
        assert one.otherwise_s == (300 * reviews or None)
