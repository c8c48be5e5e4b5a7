"""A plan that has stopped is reviewed, and goes on (MODEL 13)."""

from __future__ import annotations

from support.luck import Luck
from support.tiny import (
    DAY,
    DIES,
    FAILS,
    FIRST,
    HALF,
    LATENT,
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
    seed_where,
    several,
    switch,
    told,
)


def test_after_a_review_the_bad_get_one_more_attempt_and_the_rest_goes_on() -> None:
    nodes: dict[str, Document] = {"a": {"of": HALF}, "b": {}}
    scenario = several(nodes, constraints=FIRST, environment=reviewed())
    outcome = run(scenario, patch("a"), patch("b"), seed=seed_where(True, False))
    # a is bad at 15; on at 65, when a and b start: both new at 75.
    expect(outcome, reviews=1, respins=0, stopped_time=50, aborted=0, bad_nodes=0, patched=2)
    expect(outcome, completion_time=75, retries=1, failures=1, exposure=2 * 75_000, guard_waits=0)
    assert resumed(outcome) == [(65, "review")]
    assert reason(outcome) == ""
    starts = [it for it in outcome.events if it["event"] == "attempt_start"]
    assert [(it["time"], it["nodes"], it["attempt"]) for it in starts] == [(65, ["a"], 2)]


def test_a_review_gives_one_attempt_whatever_the_retries() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {}}
    limits = FIRST | {"max_retries": 2, "horizon": 150}
    scenario = several(nodes, constraints=limits, environment=reviewed())
    outcome = run(scenario, patch("a"), patch("b"))
    # Three attempts until 45; on at 95; the fourth until 110, which stops the plan once more: 160
    # is too late, so for good.
    expect(outcome, failures=4, retries=3, reviews=1, stopped_time=50, completion_time=110)
    expect(outcome, aborted=1, bad_nodes=1, patched=1)


def test_a_review_at_the_horizon_is_too_late() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {}}
    for horizon, reviews in ((65, 0), (66, 1)):
        limits = FIRST | {"horizon": horizon}
        outcome = run(
            several(nodes, constraints=limits, environment=reviewed()), patch("a"), patch("b")
        )
        # b goes on at 65, or never.
        expect(outcome, reviews=reviews, stopped_time=50 * reviews, patched=reviews, aborted=1)
        expect(outcome, completion_time=80 if reviews else 15)


def test_who_was_bad_at_the_stop_counts_no_more() -> None:
    nodes: dict[str, Document] = {name: {"of": DIES} for name in "abcd"} | {"e": {}}
    limits = {"abort_after_failures": 2}
    scenario = several(nodes, constraints=limits, environment=reviewed())
    outcome = run(scenario, *(patch(name) for name in "abcde"))
    # Dead at 10 and 20; on at 70, dead at 80 and 90; on at 140, e until 150. The dead get no other
    # attempt without a repair: they are left out.
    expect(outcome, reviews=2, stopped_time=100, completion_time=150, patched=1, bad_nodes=4)
    expect(outcome, aborted=1, failures=4)
    # A gate that allows one has nothing to say of the four.
    scenario["constraints"] = {"horizon": DAY} | limits
    outcome = run(scenario, *(patch(name) for name in "abcd"), pause(1, 0), patch("e"))
    expect(outcome, reviews=2, patched=1, completion_time=151)


def test_a_gate_counts_attempts_since_the_plan_went_on() -> None:
    nodes: dict[str, Document] = {"a": {"of": DIES}, "b": {}, "c": {}}
    scenario = several(nodes, environment=reviewed())
    outcome = run(
        scenario,
        patch("a"),
        pause(1, 0, count="attempts"),
        patch("b"),
        pause(1, 0, count="attempts"),
        patch("c"),
    )
    # Stopped at 11, on at 61; b until 71, and the second gate has seen no failure since.
    expect(outcome, reviews=1, patched=2, completion_time=82, stopped_time=50)


def test_who_is_rolled_back_in_service_is_tried_again_after_a_review() -> None:
    around = reviewed(detection={"probability": 1, "delay": 7})
    scenario = alike("a", of=LATENT, constraints=FIRST | {"horizon": 150}, environment=around)
    outcome = run(scenario, patch("a"), pause(200))
    # Detected at 37, which stops the plan and its pause, and old at 42. On at 87: patched until
    # 97, when the plan is over; IMPAIRED at 117, detected at 124, which a review at 174, after the
    # horizon, makes nothing of: a plan that is over cannot be aborted.
    expect(outcome, detections=2, rollbacks=2, retries=1, reviews=1, impaired_time=14)
    expect(outcome, completion_time=97, aborted=0, total_exposure=1000 * (10 + 97 - 42 + 150 - 129))


def test_a_plan_that_is_over_is_stopped_only_to_go_on() -> None:
    around = reviewed(detection={"probability": 1, "delay": 7})
    scenario = alike("a", of=LATENT, constraints=FIRST | {"horizon": 150}, environment=around)
    outcome = run(scenario, patch("a"))
    # Over at 10; detected at 37, and on at 87, as above.
    expect(outcome, reviews=1, stopped_time=50, completion_time=97, retries=1, aborted=0)
    scenario["constraints"]["horizon"] = 87
    outcome = run(scenario, patch("a"))
    # A review would come at the horizon: nothing is made of it.
    expect(outcome, reviews=0, stopped_time=0, completion_time=10, aborted=0, bad_nodes=1)
    assert not told(outcome, "abort", "plan_resumed")


def test_the_end_of_the_observation_is_not_before_that_of_the_plan_gone_on() -> None:
    around = reviewed(50, detection={"probability": 1, "delay": 7})
    scenario = alike("a", of=LATENT, constraints=FIRST | {"horizon": 88}, environment=around)
    outcome = run(scenario, patch("a"))
    # On at 87, before the horizon; patched at 97, which is T and O.
    expect(outcome, reviews=1, completion_time=97, total_exposure=1000 * (10 + 97 - 42), patched=1)


def test_who_is_bad_as_the_plan_goes_on_counts_no_more() -> None:
    nodes: dict[str, Document] = {
        "a": {"of": FAILS},
        "b": {"of": FAILS | {"duration": 30}},
        "c": {},
    }
    limits = FIRST | {"horizon": 1000}
    scenario = several(nodes, constraints=limits, environment=reviewed(50))
    outcome = run(scenario, patch("a"), patch("b", after=[]), patch("c"))
    # a is bad at 15 and b, whose work goes on, at 35, when b's step ends. On at 65, which neither
    # prevents: c until 75, a until 80, when it is bad anew, b until 100. So every 65 s, on for the
    # 15th time at 975: a until 990, too late for another review, b until 1,010.
    assert resumed(outcome) == [(65 + 65 * k, "review") for k in range(15)]
    expect(outcome, reviews=15, stopped_time=15 * 50, failures=2 * 16, retries=2 * 15)
    expect(outcome, completion_time=1010, patched=1, bad_nodes=2, aborted=1)


def test_a_copy_built_after_a_review_is_switched_by_itself() -> None:
    around = reviewed(detection={"probability": 1, "delay": 7})
    scenario = alike("a", of=LATENT, constraints=FIRST | {"horizon": 130}, environment=around)
    outcome = run(scenario, build("a"), switch("a"))
    # Switched at 10; detected at 37 and old at 42. On at 87: built again until 97, and switched in
    # the same instant, its switch having ended long since.
    expect(outcome, patched=0, reviews=1, completion_time=97, surge_node_seconds=20, detections=2)
    assert told(outcome, "switched") == [(10, "switched", "a"), (97, "switched", "a")]


def test_who_has_a_copy_ready_needs_no_further_attempt() -> None:
    nodes: dict[str, Document] = {"a": {"of": HALF}, "b": {"of": DIES}}
    scenario = several(nodes, constraints=FIRST | {"horizon": 400}, environment=reviewed())
    outcome = run(
        scenario,
        build("a"),
        switch("a", not_before=300),
        patch("b", after=[], not_before=200),
        seed=seed_where(True, False),
    )
    # The first copy fails at 10; on at 60, the second is ready at 70. b dies at 210; on at 260. a
    # is bad until its switch at 300, but has a copy. b, for want of a repair, is left out.
    expect(outcome, reviews=2, failures=2, retries=1, completion_time=300, patched=1, aborted=1)
    expect(outcome, surge_node_seconds=10 + (300 - 60), work_seconds=10 + 10 + 10, bad_nodes=1)


def test_who_is_at_work_as_a_review_comes_is_tried_again_after_it() -> None:
    slow = FAILS | {"duration": 100}
    nodes: dict[str, Document] = {
        "a": {"of": slow},
        "b": {"of": slow | {"rollback": None}},
        "c": {"of": DIES},
        "d": {"of": DIES},
    }
    limits = {"abort_after_failures": 2}
    scenario = several(nodes, constraints=limits, environment=reviewed(10))
    outcome = run(scenario, patch("a", "b"), patch("c", "d"))
    # a and b are bad at 105. On at 115: a until 220, while c and d die at 125; on at 135. a fails
    # for the second time, alone as it is, and has its third attempt, until 325. The dead are left.
    expect(outcome, reviews=2, failures=3 + 3, retries=2, completion_time=325, bad_nodes=4)
    expect(outcome, aborted=1, stopped_time=20, guard_waits=0)


def test_a_rollback_in_service_is_over_before_the_next_attempt() -> None:
    around = reviewed(detection={"probability": 1, "delay": 7})
    limits = FIRST | {"horizon": 180}
    scenario = alike("a", of=LATENT | {"rollback": 100}, constraints=limits, environment=around)
    outcome = run(scenario, patch("a"))
    # Detected at 37 and old at 137; on at 87 already, which is no wait of the guard. New at 147.
    expect(outcome, reviews=1, retries=1, completion_time=147, guard_waits=0, impaired_time=7 + 7)
    expect(outcome, total_exposure=1000 * (10 + 10))
    starts = [it for it in outcome.events if it["event"] == "attempt_start"]
    assert [(it["time"], it["nodes"], it["attempt"]) for it in starts] == [(137, ["a"], 2)]


def test_alarms_before_the_plan_goes_on_are_forgotten() -> None:
    seed = next(
        seed
        for seed in range(1000)
        if (first := Luck("by-hand", seed).quiet(86.4, 1)) < 900
        and first + Luck("by-hand", seed).quiet(86.4, 2) > 1100
    )
    watch = {"probability": 1, "delay": 7, "false_alarms_per_day": 86.4}
    around = reviewed(detection=watch)
    scenario = several({"a": {}}, constraints={"horizon": 1090}, environment=around)
    outcome = run(scenario, pause(1000, 0), pause(1, 0), patch("a"), seed=seed)
    # The first gate fails for an alarm, at 1,000; on at 1,050, and the second knows of none.
    expect(outcome, reviews=1, false_alarms=1, patched=1, completion_time=1061, aborted=0)


def test_the_dead_are_tried_again_once_they_are_repaired() -> None:
    nodes: dict[str, Document] = {"a": {"of": DIES}, "b": {}}
    limits = FIRST | {"horizon": 400}
    around = reviewed(50, repair=200)
    outcome = run(several(nodes, constraints=limits, environment=around), patch("a"), patch("b"))
    # Dead at 10 and back at 210. On at 60, b until 70; a from 210 to 220, dead again and excused no
    # longer: stopped at 220 and on at 270. The plan is not over before a, back at 420, has died for
    # the third time at 430; a review would come after the horizon.
    expect(outcome, reviews=2, failures=3, repairs=2, patched=1, stopped_time=100, aborted=1)
    expect(outcome, completion_time=430, residual_exposure=0, exposure=1000 * (430 + 70))


def test_pauses_end_at_a_stop_and_begin_no_work() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {}}
    scenario = several(nodes, constraints=FIRST | {"horizon": 60}, environment=reviewed(40))
    pausing = pause(40) | {"after": []}
    outcome = run(scenario, patch("a"), pausing, patch("b"))
    # The pause is cut at 15, and after a review not held again: b from 55 to 65, a with it.
    expect(outcome, completion_time=70, reviews=1, patched=1, guardrail_pauses=1)
    assert told(outcome, "step_end")[:2] == [(15, "step_end", 0), (15, "step_end", 1)]


def test_waits_end_at_a_stop_and_are_new_ones_after_it() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {"of": {"duration": 100}}, "c": {}}
    limits = FIRST | {"max_parallel": 2, "horizon": 60}
    scenario = several(nodes, constraints=limits, environment=reviewed(20))
    outcome = run(scenario, patch("a"), patch("b", after=[]), patch("c", after=[]))
    # c waits for crew from 0 to 15. On at 35, a comes first, and c waits again until a is bad anew
    # at 50, which stops the plan for good. b is patched by 100.
    expect(outcome, reviews=1, guard_waits=2, guard_wait_time=15 + 15, patched=1, aborted=1)
    expect(outcome, completion_time=100, failures=2)


def test_copies_are_kept_for_a_review_and_thrown_away_for_good() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {}}
    steps = [build("b"), patch("a"), switch("b", after=[0, 1])]
    scenario = several(nodes, constraints=FIRST)
    # b's copy is ready at 10, and a bad at 25.
    expect(run(scenario, *steps), surge_node_seconds=25, patched=0, completion_time=25)
    outcome = run(scenario | {"environment": reviewed()}, *steps)
    # On at 75, when b is switched.
    assert outcome.exact("surge_node_seconds") == 75
    assert outcome.exact("patched") == 1


def test_a_copy_that_is_still_being_built_is_thrown_away_when_it_is_ready() -> None:
    nodes: dict[str, Document] = {"a": {"of": FAILS}, "b": {"of": {"duration": 40}}}
    steps = [build("b"), patch("a", after=[]), switch("b", after=[0])]
    outcome = run(several(nodes, constraints=FIRST), *steps)
    expect(outcome, surge_node_seconds=40, patched=0, completion_time=40, aborted=1)
    assert told(outcome, "built", "abort") == [(15, "abort", None), (40, "built", "b")]
