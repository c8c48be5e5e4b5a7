"""What a plan takes, gives up and breaks, and what its steps wait for: by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.reports import plan_page
from patchopt.reports.trace.nominal import NominalRun, breaks
from patchopt.reports.trace.outages import outages
from patchopt.reports.trace.waits import causes
from patchopt.simulator.running import simulate
from patchopt.strategies import make_strategy
from support.building import drawn, plan_by_hand
from support.contract import infrastructure_of
from support.examples import small

PATCH: dict[str, Any] = {"action": "patch", "after": []}


def run_of(scenario: dict[str, Any], *steps: dict[str, Any]) -> NominalRun:
    infrastructure = infrastructure_of(scenario)
    return NominalRun.of(infrastructure, plan_by_hand(infrastructure, *steps))


def told(scenario: dict[str, Any], *steps: dict[str, Any]) -> list[list[tuple[Any, ...]]]:
    """Return what each step waits for."""
    found = causes(run_of(scenario, *steps))
    return [[(c.what, c.name, c.steps) for c in found[step]] for step in sorted(found)]


def test_crew_and_min_up_are_waited_for() -> None:
    # Crew 2: a-1 and b run until 2. a-2 needs a-1 back (min_up 1 of 2) and a place; c a place.
    scenario = small(
        {"a": {"replicas": 2, "service": "s"}, "b": {}, "c": {}}, min_up={"s": 1}, max_parallel=2
    )
    steps = [PATCH | {"nodes": [node]} for node in ("a-1", "b", "a-2", "c")]
    assert told(scenario, *steps) == [
        [],
        [],
        [("crew", "", (0, 1)), ("min_up", "s", (0,))],
        [("crew", "", (0, 1))],
    ]


def test_surge_is_waited_for_until_the_switch() -> None:
    # One slot: a is built until 2 and keeps it until it is switched at 5.
    scenario = small({"a": {}, "b": {}}, surge=1)
    steps: list[dict[str, Any]] = [
        {"action": "build", "nodes": ["a"]},
        {"action": "pause", "duration": 3},
        {"action": "switch", "nodes": ["a"], "after": [0, 1]},
        {"action": "build", "nodes": ["b"], "after": []},
        {"action": "switch", "nodes": ["b"]},
    ]
    assert told(scenario, *steps) == [
        [],
        [("step", "", (0,))],
        [("step", "", (1,))],
        [("surge", "", (2,))],
        [("step", "", (3,))],
    ]


def test_dependencies_are_waited_for_until_they_are_warm() -> None:
    # b, at work until 2 and warm at 5, comes before a, which depends on it.
    scenario = small(
        {"a": {}, "b": {"patch_with": {"warmup": 3}}}, edges=[("a", "b")], dependency_order="strict"
    )
    steps = [PATCH | {"nodes": ["b"]}, PATCH | {"nodes": ["a"]}]
    assert told(scenario, *steps) == [[], [("order", "b", (0,))]]


def test_hosts_and_their_guests_wait_for_each_other() -> None:
    scenario = small({"host": {"type": "host"}, "guest": {"host": "host"}})
    for first, second in (("host", "guest"), ("guest", "host")):
        steps = [PATCH | {"nodes": [first]}, PATCH | {"nodes": [second]}]
        assert told(scenario, *steps) == [[], [("host", first, (0,))]]


def test_windows_own_times_and_other_steps_are_waited_for() -> None:
    # A window of 5 s every 10: work of 2 s fits at 0, a second one at 2, the third not at 4.
    scenario = small({name: {} for name in "abcd"})
    scenario["constraints"]["windows"] = {"every": 10, "open": [{"start": 0, "duration": 5}]}
    steps = [
        PATCH | {"nodes": ["a"]},
        PATCH | {"nodes": ["b"], "after": [0]},
        PATCH | {"nodes": ["c"], "after": [1]},
        PATCH | {"nodes": ["d"], "not_before": 11},
    ]
    assert told(scenario, *steps) == [
        [],
        [("step", "", (0,))],
        [("window", "", ())],
        [("time", "", ())],
    ]


def test_what_never_starts_waits_for_nothing_that_comes() -> None:
    # The first step takes the whole crew of 1 and is done; both together never fit.
    scenario = small({"a": {}, "b": {}, "c": {}}, max_parallel=1)
    page = plan_page(
        infrastructure_of(scenario),
        plan_by_hand(
            infrastructure_of(scenario),
            PATCH | {"nodes": ["a"]},
            PATCH | {"nodes": ["b", "c"], "after": [0]},
        ),
    )
    assert "| never | never | what never comes |" in page
    assert "**Leaves out what never can start**: step 1 can never start" in page


def test_a_step_that_is_left_out_holds_those_after_it_until_then() -> None:
    # One instance, min_up 1: a can never start, which is seen when b has ended, at 2.
    scenario = small({"a": {"service": "s"}, "b": {}, "c": {}}, min_up={"s": 1})
    steps = [PATCH | {"nodes": ["a"]}, PATCH | {"nodes": ["b"]}, PATCH | {"nodes": ["c"]}]
    steps[2]["after"] = [0]
    assert told(scenario, *steps) == [[], [], [("step", "", (0,))]]


@pytest.mark.parametrize(
    ("nodes", "constraints", "step", "broken"),
    [
        ({"a": {"service": "s"}}, {"min_up": {"s": 1}}, {}, ["min_up"]),
        ({"a": {"service": "s"}}, {"min_up": {"s": 1}}, {"waives": ["s"]}, []),
        ({"a": {}, "b": {}}, {"max_parallel": 1}, {}, ["crew"]),
        ({"a": {}, "b": {}}, {}, {}, []),
    ],
)
def test_what_a_plan_breaks(
    nodes: dict[str, Any], constraints: dict[str, Any], step: dict[str, Any], broken: list[str]
) -> None:
    told_of = {"nodes": list(nodes), "guarded": False} | step
    assert breaks(run_of(small(nodes, **constraints), PATCH | told_of)) == broken


def test_more_copies_than_slots_break_surge() -> None:
    build = {"action": "build", "nodes": ["a", "b"], "guarded": False}
    switch = {"action": "switch", "nodes": ["a", "b"]}
    assert breaks(run_of(small({"a": {}, "b": {}}, surge=1), build, switch)) == ["surge"]


def test_work_outside_of_windows_and_mixed_incompatible_ends_break() -> None:
    scenario = small({"a": {}, "b": {}}, incompatible=[("a", "b")])
    scenario["constraints"]["windows"] = {"every": 10, "open": [{"start": 0, "duration": 3}]}
    a, b = ({"action": "patch", "nodes": [node], "guarded": False} for node in "ab")
    steps = [a, {"action": "pause", "duration": 1}, b]
    # a is new at 2, b old until it goes down at 3: mixed; at work outside from 3 to 5.
    assert breaks(run_of(scenario, *steps)) == ["incompatible versions", "windows"]


def test_a_start_before_a_dependency_breaks_the_order() -> None:
    scenario = small({"a": {}, "b": {}}, edges=[("a", "b")], dependency_order="strict")
    a, b = ({"action": "patch", "nodes": [node], "guarded": False} for node in "ab")
    assert breaks(run_of(scenario, a, b)) == ["order"]
    assert breaks(run_of(scenario, b, a)) == []


@pytest.mark.slow
@settings(max_examples=100)
@given(st.data())
def test_a_plan_breaks_something_where_its_run_has_a_breach(data: st.DataObject) -> None:
    _, infrastructure, plan = drawn(data)
    run = NominalRun.of(infrastructure, plan)
    assert bool(breaks(run)) == bool(run.outcome.exact("breach"))


def test_an_outage_is_allowed_while_a_step_that_waives_it_runs() -> None:
    # a is down from 0 to 2 with leave; again, unguarded and without, b of the same service to 4.
    scenario = small(
        {"a": {"service": "s"}, "b": {"service": "s"}, "c": {"service": "t"}},
        min_up={"s": 2, "t": 1},
    )
    steps = [
        PATCH | {"nodes": ["a"], "waives": ["s"]},
        PATCH | {"nodes": ["b", "c"], "after": [0], "guarded": False},
    ]
    run = run_of(scenario, *steps)
    found = [(o.service, o.start_s, o.end_s, o.allowed) for o in run.outages]
    assert found == [("s", 0, 2, True), ("s", 2, 4, False), ("t", 2, 4, False)]
    page = plan_page(run.infrastructure, run.plan)
    assert "- **Time in all**: 4s" in page
    assert "- **Planned downtime**: `s` 2s" in page
    assert "- **Downtime that no step allows**: `s` 2s, `t` 2s" in page
    assert "- **Breaks**: min\\_up" in page
    assert "- **Gives up** min\\_up of `s` for `a`: 2 instances, min\\_up 2" in page


def test_what_is_left_out_and_what_goes_dark_is_told() -> None:
    scenario = small(
        {"a": {"service": "s", "blue_green": False}, "b": {"service": "t"}},
        min_up={"s": 1, "t": 0},
        horizon=1,
    )
    infrastructure = infrastructure_of(scenario)
    page = plan_page(
        infrastructure, make_strategy("rolling", {"on_infeasible": "skip"}).plan(infrastructure)
    )
    assert "- **Leaves unpatched**, though a patch is there: `a`; the planner was told" in page
    assert "- **No instance serves, as min\\_up 0 allows**: `t` 2s" in page
    assert "- **Time in all**: 2s, beyond the horizon of 1s" in page


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_every_guarded_step_waits_for_something_or_starts_at_once(data: st.DataObject) -> None:
    _, infrastructure, plan = drawn(data)
    run = NominalRun.of(infrastructure, plan)
    found = causes(run)
    for step in plan.steps:
        if step.guarded and run.started.get(step.id, 0) > 0:
            assert found[step.id], step
            released = {other for cause in found[step.id] for other in cause.steps}
            assert step.id not in released
            # A switch takes no time: what waits for it starts at the same instant.
            over = [run.started.get(other, run.over[other]) for other in released]
            assert all(other <= run.started[step.id] for other in over)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data(), st.integers(0, 10**6))
def test_outages_add_up_to_downtime(data: st.DataObject, seed: int) -> None:
    _, infrastructure, plan = drawn(data, trouble=True, max_duration=60)
    outcome = simulate(infrastructure, plan, seed=seed, events=True)
    found = outages(infrastructure, plan, outcome.events)
    assert sum(outage.length_s for outage in found) == outcome.exact("downtime")
