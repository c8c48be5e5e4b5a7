"""Who is bad, from when on, and what gates and budgets count (MODEL 6, 11)."""

from __future__ import annotations

import pytest

from support.luck import Luck
from support.tiny import (
    DAY,
    DIES,
    FAILS,
    HALF,
    LATENT,
    WATCHED,
    Document,
    alike,
    build,
    expect,
    patch,
    pause,
    run,
    seed_where,
    several,
    switch,
    told,
)
from support.written import Crash

# --- attempts and nodes ---


def test_a_failure_that_a_retry_heals_makes_nobody_bad() -> None:
    scenario = alike("ab", of=HALF, constraints={"max_retries": 2, "abort_after_failures": 1})
    scenario["constraints"]["abort_share"] = 0.01
    seed = seed_where(True, True, False)
    outcome = run(scenario, patch("a"), pause(1, 0), seed=seed)
    # Two failed attempts of 15 s, then a good one: the gate finds nobody bad at 41.
    expect(outcome, failures=2, retries=2, bad_nodes=0, aborted=0, completion_time=41, patched=1)


def test_a_gate_may_count_attempts_instead() -> None:
    scenario = alike("ab", of=HALF, constraints={"max_retries": 2})
    seed = seed_where(True, True, False)
    for allowed, aborted in ((1, 1), (2, 0)):
        outcome = run(scenario, patch("a"), pause(1, allowed, count="attempts"), seed=seed)
        expect(outcome, failures=2, bad_nodes=0, aborted=aborted, completion_time=41)


def test_one_node_that_fails_often_is_one_bad_node() -> None:
    limits = {"max_retries": 3, "abort_after_failures": 2}
    scenario = several({"a": {"of": FAILS}, "b": {}}, constraints=limits)
    # Four attempts of 15 s; one bad node at 60, and b is patched.
    outcome = run(scenario, patch("a"), pause(1, 1), patch("b"))
    expect(outcome, failures=4, bad_nodes=1, aborted=0, patched=1, completion_time=71)


def test_a_node_is_bad_at_the_end_of_its_last_rollback() -> None:
    # The budget breaks at 15, when the work of b has begun and goes on.
    scenario = several(
        {"a": {"of": FAILS}, "b": {}, "c": {}, "d": {}}, constraints={"abort_after_failures": 1}
    )
    steps = [patch("a"), patch("b", after=[], not_before=14), patch("c", after=[], not_before=15)]
    outcome = run(scenario, *steps)
    expect(outcome, patched=1, completion_time=24, bad_nodes=1, failures=1)
    assert told(outcome, "abort") == [(15, "abort", None)]
    # A gate at 14 has seen nothing.
    pausing = pause(14, 0) | {"after": []}
    outcome = run(several({"a": {"of": FAILS}, "b": {}}), patch("a"), pausing, patch("b"))
    expect(outcome, aborted=0, patched=1)
    # One at 15 has: ends come before gates.
    pausing["duration"] = 15
    outcome = run(several({"a": {"of": FAILS}, "b": {}}), patch("a"), pausing, patch("b"))
    expect(outcome, aborted=1, patched=0, completion_time=15)


def test_who_is_failed_is_bad_at_once_and_once_repaired_still() -> None:
    scenario = several(
        {"a": {"of": DIES}, "b": {}},
        constraints={"abort_after_failures": 1},
        environment={"repair": 20},
    )
    outcome = run(scenario, patch("a"), patch("b"))
    expect(outcome, completion_time=10, aborted=1, bad_nodes=1, failed_nodes=0, repairs=1)
    # A gate long after the repair finds it bad, too.
    scenario["constraints"] = {"horizon": DAY}
    expect(run(scenario, patch("a"), pause(60, 0), patch("b")), aborted=1, patched=0)
    expect(run(scenario, patch("a"), pause(60, 1), patch("b")), aborted=0, patched=1, bad_nodes=1)


def test_a_failed_rollback_is_bad_at_its_end() -> None:
    of = DIES | {"rollback": {"duration": 5, "failure_probability": 1}}
    scenario = several(
        {"a": {"of": of}, "b": {}}, constraints={"max_retries": 3, "abort_after_failures": 1}
    )
    outcome = run(scenario, patch("a"), patch("b", after=[], not_before=15))
    expect(
        outcome, failed_rollbacks=1, bad_nodes=1, failed_nodes=1, retries=0, aborted=1, patched=0
    )


def test_a_bad_build_is_bad_when_its_last_attempt_has_failed() -> None:
    scenario = several({"a": {"of": FAILS}, "b": {}}, constraints={"abort_after_failures": 1})
    scenario["constraints"]["max_retries"] = 1
    outcome = run(scenario, build("a"), switch("a"), patch("b", after=[], not_before=20))
    # A failed build costs no rollback: attempts end at 10 and 20.
    expect(outcome, failures=2, rollbacks=0, bad_nodes=1, aborted=1, completion_time=20, patched=0)


def test_of_a_unit_only_who_failed_is_bad() -> None:
    edge = {"source": "a", "target": "b", "compatibility": "incompatible"}
    scenario = several({"a": {"of": FAILS}, "b": {"of": {"rollback": 3}}}, edges=[edge])
    outcome = run(scenario, patch("a", "b"))
    # Both go back together after the longer rollback.
    expect(outcome, bad_nodes=1, rollbacks=2, failures=1, completion_time=15, patched=0)


def test_a_crash_makes_nobody_bad() -> None:
    around = {"crash": {"mtbf": 50}}
    scenario = alike("ab", environment=around, constraints={"abort_after_failures": 1})
    crashed = min(Luck("by-hand", 1).life(Crash(50, 1.0), name, 1) for name in "ab")
    outcome = run(scenario, pause(crashed + 1, 0))
    expect(outcome, bad_nodes=0, aborted=0, crashes=2, failed_nodes=2)


def test_a_detected_node_is_bad_from_its_detection_on() -> None:
    scenario = alike("ab", of=LATENT, environment=WATCHED)
    # Commit 10, detected at 37, old at 42.
    expect(run(scenario, patch("a"), pause(26, 0), patch("b")), aborted=0)
    expect(run(scenario, patch("a"), pause(27, 0), patch("b")), aborted=1, completion_time=37)
    # Whoever is never rolled back is bad as well, and stays new.
    scenario["patches"]["p"] |= {"rollback": None}
    outcome = run(scenario, patch("a"), pause(27, 0))
    expect(outcome, aborted=1, bad_nodes=1, patched=1, detections=1, rollbacks=0, latent_nodes=1)
    expect(outcome, impaired_time=DAY - 30)


def test_of_a_unit_that_goes_back_only_the_detected_is_bad() -> None:
    edge = {"source": "a", "target": "b", "compatibility": "incompatible"}
    nodes: dict[str, Document] = {"a": {"of": LATENT}, "b": {"of": {"rollback": 9}}}
    outcome = run(several(nodes, edges=[edge], environment=WATCHED), patch("a", "b"))
    # Detected at 37, both back at 46 after the longer rollback.
    expect(outcome, bad_nodes=1, detections=1, rollbacks=2, patched=0, violation_time=0)
    expect(outcome, residual_exposure=2 * (DAY - 46) * 1000, impaired_time=7)


# --- budgets ---


def test_a_share_tolerates_what_it_says() -> None:
    # More than max(1, share × n) nodes of the release must be bad, out of the plan's, not of all.
    for share, size, bad in ((0.25, 4, 2), (0.01, 4, 2), (0.5, 4, 3), (0.34, 6, 3), (0.1, 10, 2)):
        names = "abcdefghij"[:size]
        scenario = alike(names + "xyz", of=FAILS, constraints={"abort_share": share})
        outcome = run(scenario, *(patch(name) for name in names))
        expect(outcome, bad_nodes=bad, failures=bad, completion_time=15 * bad, aborted=1)


def test_a_share_that_is_reached_exactly_is_not_more() -> None:
    scenario = alike("abcd", of=FAILS, constraints={"abort_share": 0.5})
    outcome = run(scenario, patch("a"), patch("b"))
    # Half of two is one, and max(1, 1) = 1 < 2: the second breaks it, at the plan's end.
    expect(outcome, aborted=1, bad_nodes=2)
    scenario["constraints"]["abort_share"] = 1.0
    expect(run(scenario, patch("a"), patch("b")), aborted=0, bad_nodes=2)


def test_releases_have_their_shares_apart() -> None:
    scenario = alike("abcd", of=FAILS, constraints={"abort_share": 0.5})
    scenario["patches"]["q"] = scenario["patches"]["p"]
    for node in scenario["nodes"][2:]:
        node["patch"] = "q"
    # One of two of p, then one of two of q: none has more than one bad.
    expect(run(scenario, patch("a"), patch("c")), aborted=0, bad_nodes=2)


def test_budgets_hold_their_tongue_once_the_plan_is_over_for_good() -> None:
    scenario = alike("ab", of=LATENT, environment=WATCHED, constraints={"abort_after_failures": 2})
    outcome = run(scenario, patch("a", "b"))
    # The plan is over at 10; two are bad at 37, and there is nothing left to abort.
    expect(outcome, bad_nodes=2, completion_time=10, aborted=0)
    assert not told(outcome, "abort")


@pytest.mark.parametrize("guarded", [True, False])
def test_who_was_rolled_back_in_service_is_not_tried_again(guarded: bool) -> None:
    scenario = alike("ab", of=LATENT, environment=WATCHED, constraints={"max_retries": 3})
    outcome = run(scenario, patch("a", guarded=guarded), pause(100))
    expect(outcome, patched=0, retries=0, detections=1, work_seconds=15)


def test_alarms_count_for_gates_since_the_last_start_of_work() -> None:
    watch = {"probability": 1, "delay": 7, "false_alarms_per_day": 8640}
    scenario = several({"a": {}, "b": {}}, environment={"detection": watch})
    quiet = Luck("by-hand", 1).quiet(8640, 1)
    # An alarm before the last start of work is forgotten, one after it counts.
    second = quiet + Luck("by-hand", 1).quiet(8640, 2)
    late = patch("a", not_before=quiet + 1)
    assert second > quiet + 13
    outcome = run(scenario, pause(1), late, pause(1, 0), patch("b"))
    expect(outcome, aborted=0, patched=2)
    outcome = run(scenario, pause(1), late, pause(second - quiet - 10, 0), patch("b"))
    expect(outcome, aborted=1, patched=1, bad_nodes=0, completion_time=second + 1)


def test_an_attempt_that_starts_by_itself_is_a_start_of_work() -> None:
    watch = {"probability": 1, "delay": 7, "false_alarms_per_day": 86.4}
    windows = {"every": 1000, "open": [{"start": 0, "duration": 20}]}
    seed = next(
        seed
        for seed in range(1000)
        if (first := Luck("by-hand", seed).quiet(86.4, 1)) < 900
        and first + Luck("by-hand", seed).quiet(86.4, 2) > 1100
    )
    scenario = several(
        {"a": {"of": FAILS}},
        constraints={"windows": windows, "max_retries": 1, "horizon": 1050},
        environment={"detection": watch},
    )
    outcome = run(scenario, patch("a"), pause(1, 1), seed=seed)
    # The alarm comes as a, failed once, waits for the window at 1,000; it fails again. The gate at
    # 1,016 has one bad node and no alarm to count.
    expect(outcome, false_alarms=1, bad_nodes=1, retries=1, aborted=0, completion_time=1016)
    outcome = run(scenario, patch("a"), pause(1, 0), seed=seed)
    expect(outcome, aborted=1)
