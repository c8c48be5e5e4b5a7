"""A defective release is replaced, and the plan starts on the new one (MODEL 13)."""

from __future__ import annotations

from typing import Any

from support.luck import FAILURE, Luck
from support.tiny import (
    FAILS,
    FIRST,
    Document,
    alike,
    build,
    expect,
    patch,
    pause,
    reason,
    resumed,
    reviewed,
    run,
    several,
    switch,
    told,
)

BROKEN = {"rollback": 5, "defect": {"probability": 1, "failure_probability": 1}}


def respun(delay: int = 100, chance: float = 0, **more: Any) -> Document:
    return {"respin": {"delay": delay, "defect_probability": chance}} | more


def test_a_replaced_release_opens_every_step_again_for_what_is_old() -> None:
    scenario = alike("ab", of=BROKEN, constraints=FIRST, environment=respun())
    scenario["patches"]["q"] = {"severity": 1, "duration": 10}
    scenario["nodes"] += several({"c": {"patch": "q"}})["nodes"]
    outcome = run(scenario, patch("c"), pause(30, 0), patch("a"), patch("b"))
    # c until 10, watched until 40, a bad at 55. On at 155: c's step is over at once, the pause is
    # held anew until 185; then a until 195 and b until 205.
    expect(outcome, respins=1, reviews=0, stopped_time=100, completion_time=205, aborted=0)
    expect(outcome, patched=3, bad_nodes=0, failures=1, exposure=1000 * (10 + 195 + 205))
    expect(outcome, guardrail_pauses=2, retries=1)
    assert resumed(outcome) == [(155, "respin")]
    replaced = [
        (it["time"], it["release"], it["generation"])
        for it in outcome.events
        if it["event"] == "release_replaced"
    ]
    assert replaced == [(155, "p", 1)]
    starts = [
        (it["time"], it["step"], it["nodes"])
        for it in outcome.events
        if it["event"] == "step_start"
    ]
    assert starts[-3:] == [(155, 1, []), (185, 2, ["a"]), (195, 3, ["b"])]


def test_a_step_that_is_due_is_due_once() -> None:
    scenario = several({"a": {"of": BROKEN}, "b": {}}, constraints=FIRST, environment=respun(50))
    outcome = run(scenario, patch("a"), patch("b", after=[], not_before=100))
    # a bad at 15, on at 65, done at 75; b has been due all the while, and is done at 110.
    expect(outcome, respins=1, patched=2, completion_time=110, work_seconds=15 + 10 + 10)
    found = told(outcome, "step_start", "step_end")
    assert found[-2:] == [(100, "step_start", 1), (110, "step_end", 1)]


def test_a_new_release_that_is_defective_again_stops_again() -> None:
    limits = FIRST | {"horizon": 300}
    scenario = alike("ab", of=BROKEN, constraints=limits, environment=respun(100, 1))
    outcome = run(scenario, patch("a"), patch("b"))
    # Bad at 15, on at 115; bad at 130, on at 230; bad at 245, and 345 is too late.
    expect(outcome, respins=2, stopped_time=200, failures=3, completion_time=245, aborted=1)
    expect(outcome, exposure=2 * 245_000, residual_exposure=2 * 55_000, patched=0, retries=2)


def test_nobody_falls_back_on_a_review() -> None:
    around = respun(500) | reviewed(20)
    scenario = alike("ab", of=BROKEN, constraints=FIRST | {"horizon": 400}, environment=around)
    # The new release would come at 515.
    expect(run(scenario, patch("a"), patch("b")), respins=0, reviews=0, aborted=1)
    # Nothing is wrong with a release whose node just fails: then there is a review.
    sound = alike("ab", of=FAILS, constraints=FIRST | {"horizon": 40}, environment=around)
    expect(run(sound, patch("a"), patch("b")), respins=0, reviews=1)


def test_reopened_units_have_all_their_attempts_again() -> None:
    limits = FIRST | {"max_retries": 1, "horizon": 200}
    scenario = alike("a", of=BROKEN, constraints=limits, environment=respun(100, 1))
    outcome = run(scenario, patch("a"))
    # Two attempts until 30; on at 130; two more until 160, numbered 3 and 4.
    expect(outcome, failures=4, retries=3, respins=1, completion_time=160, aborted=1)
    numbers = [it["attempt"] for it in outcome.events if it["event"] == "patch_failed"]
    assert numbers == [1, 2, 3, 4]


def test_copies_of_a_replaced_release_are_thrown_away_and_others_kept() -> None:
    scenario = alike("ab", of=BROKEN, constraints=FIRST, environment=respun())
    scenario["patches"]["q"] = {"severity": 1, "duration": 10}
    scenario["patches"]["p"] |= {"defect": {"probability": 1, "failure_probability": 0.5}}
    scenario["nodes"] += several({"c": {"patch": "q"}})["nodes"]
    names = {"a": True, "b": False}
    seed = next(
        seed
        for seed in range(1000)
        if all(
            Luck("by-hand", seed).happens(0.5, FAILURE, node, 1) == fails
            for node, fails in names.items()
        )
    )
    outcome = run(scenario, build("b", "c"), patch("a"), switch("b", "c", after=[0, 1]), seed=seed)
    # Both copies are ready at 10, a is bad at 25. On at 125: b's copy is thrown away and built anew
    # until 135, as a is patched after it, until 145; then both are switched.
    expect(outcome, surge_node_seconds=(125 + 20) + 145, patched=3, completion_time=145)
    expect(outcome, failures=1, respins=1, aborted=0)


def test_a_plan_that_goes_on_is_not_over_before() -> None:
    # O is not before the plan is over, which it is not while it is stopped.
    scenario = alike("a", of=BROKEN, constraints=FIRST | {"horizon": 117}, environment=respun())
    outcome = run(scenario, patch("a"))
    # On at 115, patched at 125: T and O.
    expect(outcome, completion_time=125, exposure=125_000, residual_exposure=0, patched=1)


def test_a_respin_opens_again_what_was_left_out() -> None:
    limits = FIRST | {"max_parallel": 1}
    scenario = alike("abc", of=BROKEN, constraints=limits, environment=respun())
    outcome = run(scenario, patch("a", "b"), patch("c"))
    # Two at once are more than the crew: left out at 0, c from 0 to 15, which stops the plan. On at
    # 115: the first step is left out again, c patched until 125.
    expect(outcome, respins=1, patched=1, aborted=1, completion_time=125, failures=1)
    assert told(outcome, "node_left_out") == [
        (0, "node_left_out", "a"),
        (0, "node_left_out", "b"),
        (115, "node_left_out", "a"),
        (115, "node_left_out", "b"),
    ]


def test_what_was_left_out_before_a_respin_may_be_forgotten() -> None:
    limits = {"abort_after_failures": 2, "dependency_order": "strict"}
    edges = [{"source": "b", "target": "a"}]
    scenario = alike("ac", of=BROKEN, constraints=limits, environment=respun(), edges=edges)
    scenario["nodes"] += several({"b": {}})["nodes"]
    outcome = run(scenario, patch("a"), patch("b"), patch("c"))
    # a is bad at 15, and b, which depends on it, left out; c is bad at 30, which stops the plan. On
    # at 130: a until 140, b until 150, c until 160.
    expect(outcome, respins=1, patched=3, aborted=0, completion_time=160, bad_nodes=0)
    assert told(outcome, "node_left_out") == [(15, "node_left_out", "b")]
    assert reason(outcome) == ""
