"""Who meets the same luck, and who does not (MODEL 6, 10)."""

from __future__ import annotations

import numpy as np

from patchopt.simulator.running import simulate
from support.building import plan_by_hand
from support.contract import infrastructure_of
from support.tiny import Document, column, patch, run, several

WILD: Document = {"duration": {"nominal": 10**7, "sigma": 0.3}}


def chances(**more: object) -> Document:
    """Return two nodes, one of which varies much and one of which fails every other time."""
    half = {"failure_probability": 0.5, "rollback": 5}
    return several({"a": {"of": WILD}, "b": {"of": half}}) | more


def ends(scenario: Document, seed: int, replications: int = 100) -> list[int]:
    outcome = run(scenario, patch("a"), seed=seed, replications=replications)
    return [int(end) for end in column(outcome, "completion_time")]


def test_two_seeds_share_no_replication() -> None:
    found = [ends(chances(), seed) for seed in (1, 2, 3)]
    assert len({end for one in found for end in one}) == 300
    assert ends(chances(), 1) == found[0]


def test_two_scenarios_share_no_luck_unless_they_name_it() -> None:
    mine, yours = ends(chances(name="mine"), 1), ends(chances(name="yours"), 1)
    assert not set(mine) & set(yours)
    # The family is the name where none is told.
    assert ends(chances(name="yours", luck="mine"), 1) == mine
    assert ends(chances(name="ours", luck="yours"), 1) == yours


def test_plans_of_one_scenario_meet_the_same_luck_in_any_order() -> None:
    there = run(chances(), patch("a"), patch("b"), seed=3, replications=200)
    back = run(chances(), patch("b"), patch("a"), seed=3, replications=200)
    failures = column(there, "failures")
    assert 0 < failures.sum() < 200
    assert (failures == column(back, "failures")).all()
    work = [column(outcome, "work_seconds") for outcome in (there, back)]
    assert (work[0] == work[1]).all()


def test_replications_are_numbered_and_may_be_run_in_parts() -> None:
    infrastructure = infrastructure_of(chances())
    plan = plan_by_hand(infrastructure, patch("a"), patch("b"))
    whole = simulate(infrastructure, plan, seed=5, replications=20)
    part = simulate(infrastructure, plan, seed=5, first=13, replications=7)
    assert (whole.seed, part.seed) == (5, 5)
    assert whole.replications.tolist() == list(range(20))
    assert part.replications.tolist() == list(range(13, 20))
    for name, values in whole.columns.items():
        assert np.array_equal(values[13:], part.columns[name]), name


def test_events_are_those_of_the_first_replication_of_a_part() -> None:
    infrastructure = infrastructure_of(chances())
    plan = plan_by_hand(infrastructure, patch("a"))
    outcome = simulate(infrastructure, plan, seed=5, first=13, events=True)
    start, end = outcome.events[0], outcome.events[-1]
    assert (start["seed"], start["replication"], end["replication"]) == (5, 13, 13)
    assert end["completion_time"] == outcome.exact("completion_time")
