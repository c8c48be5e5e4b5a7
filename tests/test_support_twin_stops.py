"""Stops in the SimPy twin, and how it goes on; solved by hand."""

from __future__ import annotations

import pytest

from support.examples import small
from support.tiny import DAY, Document, build, patch, switch
from support.twin_by_hand import alike, expect, pause, run


def test_a_node_that_is_bad_after_a_stop_for_good_changes_nothing() -> None:
    scenario = small(
        {
            name: {"patch_with": {"duration": seconds, "failure_probability": 1.0}}
            for name, seconds in {"a": 10, "b": 20}.items()
        },
        abort_after_failures=1,
        horizon=100,
    )
    found = run(scenario, patch("a", "b"))
    expect(found, completion_time=20, bad_nodes=2, abort_reason="failures")


def test_a_stop_may_come_after_the_last_step_and_end_before_the_observation() -> None:
    latent = {"probability": 1.0, "delay": 5}
    scenario = alike(
        "a",
        of={"rollback": 3, "latent": latent},
        constraints={"horizon": 30, "abort_after_failures": 1},
        environment={"detection": {"probability": 1.0, "delay": 2}, "review": {"delay": 4}},
    )
    found = run(scenario, patch("a"))
    # New at 10; impaired at 15, detected at 17, old at 20. On at 21: new at 31, which is O.
    expect(found, completion_time=31, exposure=1000 * (10 + 11), residual_exposure=0, aborted=0)
    expect(found, reviews=1, stopped_time=4, impaired_time=2, patched=1)


def test_what_a_review_promised_to_work_under_way_is_given_up_by_the_next_stop() -> None:
    scenario = small(
        {
            name: {"patch_with": {"duration": seconds, "failure_probability": 1.0, "rollback": 1}}
            for name, seconds in {"a": 100, "b": 119, "c": 139}.items()
        },
        abort_after_failures=1,
        horizon=143,
    )
    steps = [patch(name, after=[], guarded=False) for name in "abc"]
    found = run(scenario | {"environment": {"review": {"delay": 5}}}, *steps)
    # Stops at 101 (a), 120 (b) and, for good, 140 (c). a is tried again from 106 to 207, b from
    # 125 to 245; a would be tried once more after the review at 125, were the plan not stopped.
    expect(found, completion_time=245, reviews=2, failures=5, retries=2, aborted=1)


SPIN = {"respin": {"delay": 100, "defect_probability": 0.0}}


@pytest.mark.parametrize("chance", [0, 1])
def test_closed_forms_of_a_defective_release_that_is_replaced(chance: int) -> None:
    n, d, r, s, wait = 4, 10, 6, 20, 100
    defect = {"probability": float(chance), "failure_probability": 1.0}
    of = {"duration": d, "rollback": r, "defect": defect}
    scenario = alike("abcd", of=of, environment=SPIN, constraints={"max_parallel": 1})
    found = run(scenario, patch("a"), pause(s, 0), *[patch(name) for name in "bcd"])
    canary = d * n * (n + 1) // 2 + (n - 1) * s + chance * n * (d + r + s + wait)
    expect(found, exposure=1000 * canary, respins=chance, stopped_time=chance * wait, aborted=0)
    scenario["constraints"]["abort_after_failures"] = 1
    found = run(scenario, *[patch(name) for name in "abcd"])
    rolling = d * n * (n + 1) // 2 + chance * n * (d + r + wait)
    expect(found, exposure=1000 * rolling, respins=chance, failures=chance, bad_nodes=0)


def test_what_was_put_off_and_given_up_is_put_off_anew() -> None:
    bad = {"failure_probability": 1.0, "duration": 10}
    scenario = small(
        {
            "h": {"type": "host", "patch_with": bad},
            "x": {"host": "h", "patch_with": {"duration": 10}},
            "d": {
                "patch_with": {"duration": 10, "rollback": 5}
                | {"defect": {"probability": 1.0, "failure_probability": 1.0}}
            },
        },
        abort_after_failures=2,
        horizon=2000,
    )
    found = run(scenario | {"environment": SPIN | {"repair": 500}}, *map(patch, "hxd"))
    # h is FAILED at 10, x put off; d is bad at 25, which stops the plan until 125. h and x are
    # put off again; d is new at 135. h is back at 510, tried and FAILED at 520, back at 1,020:
    # then x, held by the guard from 510 on, is patched.
    expect(found, completion_time=1030, patched=2, respins=1, guard_waits=1, guard_wait_time=510)
    expect(found, exposure=1000 * (1030 + 1030 + 135), aborted=0, bad_nodes=1)


def test_a_review_gives_each_bad_node_one_more_attempt() -> None:
    of = {"failure_probability": 1.0, "rollback": 5}
    scenario = alike("ab", of=of, constraints={"abort_after_failures": 2})
    scenario["environment"] = {"review": {"delay": 50}}
    found = run(scenario, patch("a"), patch("b"))
    # Bad at 15 and 30; on at 80, both again until 95, when both are bad anew: on at 145, until
    # 160, and so on every 65 s. The horizon of a day allows the stops at 30 + 65·k < DAY - 50.
    stops = -(-(DAY - 50 - 30) // 65)
    expect(found, reviews=stops, stopped_time=50 * stops, failures=2 + 2 * stops, aborted=1)
    expect(found, completion_time=30 + 65 * stops, retries=2 * stops)


def test_a_stop_for_good_throws_copies_away_and_a_review_keeps_them() -> None:
    nodes: dict[str, Document] = {
        "a": {"patch_with": {"failure_probability": 1.0}},
        "b": {"patch_with": {}},
    }
    scenario = small(nodes, horizon=100, abort_after_failures=1)
    steps = [build("b"), pause(1), patch("a"), switch("b")]
    found = run(scenario, *steps)
    # a fails at 5, and is FAILED.
    expect(found, completion_time=5, surge_node_seconds=5, patched=0, aborted=1)
    scenario["environment"] = {"review": {"delay": 10}, "repair": 50}
    found = run(scenario, *steps)
    # On at 15: b is switched; a waits for its repair at 55 and fails again at 57, which stops
    # the plan; on at 67, it fails for the last time from 107 to 109, beyond the horizon.
    expect(found, surge_node_seconds=15, patched=1, reviews=2, stopped_time=20, failures=3)
