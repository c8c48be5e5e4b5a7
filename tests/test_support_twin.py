"""The SimPy twin on instances solved by hand; the arithmetic is in the comments."""

from __future__ import annotations

import pytest

from support.examples import small
from support.luck import Luck, replication_key
from support.tiny import DAY, Document, build, patch, switch
from support.twin_by_hand import alike, expect, pause, run


def test_replications_of_two_seeds_and_of_two_families_are_different() -> None:
    keys = {
        replication_key(luck, seed, replication)
        for luck in ("a", "b")
        for seed in range(20)
        for replication in range(20)
    }
    assert len(keys) == 800
    assert Luck("a", 3, 4).key == replication_key("a", 3, 4)


# --- cases with known values ---


@pytest.mark.parametrize(("chance", "downtime"), [(0.0, 20), (1.0, DAY)])
def test_the_dead_count_until_the_end_of_the_observation(chance: float, downtime: int) -> None:
    scenario = alike("ab", of={"failure_probability": chance}, min_up=2)
    found = run(scenario, patch("a", waives=["s"]), patch("b", waives=["s"]))
    # Sound: each is down for its 10 s. Failing: from 0 on too few serve; b is left out at 10, for
    # a is out of service. Nothing could ever let it start, so it has not waited.
    expect(found, downtime=downtime, aborted=int(chance), guard_waits=0)


LATENT = {
    "rollback": 60,
    "duration": 60,
    "latent": {"probability": 1.0, "delay": 1200},
}
WATCHED = {"detection": {"probability": 1.0, "delay": 600}}


def test_what_is_latent_shows_after_the_last_step_and_is_rolled_back() -> None:
    scenario = alike("abcd", of=LATENT, environment=WATCHED)
    found = run(scenario, patch("a", "b", "c", "d", guarded=False))
    # T 60; onset 1,260, detected 1,860, old again at 1,920.
    expect(found, completion_time=60, impaired_time=4 * 600, detections=4, exposure=4 * 60_000)
    expect(found, residual_exposure=4 * (DAY - 1920) * 1000, time_to_remediate=DAY, bad_nodes=4)


def test_a_canary_meets_the_same() -> None:
    scenario = alike("abcd", of=LATENT, environment=WATCHED)
    found = run(scenario, patch("a"), pause(3600, 0), patch("b", "c", "d"))
    # T 3,660: a is old from 0 to 60 and from 1,920 on, the others always.
    expect(found, completion_time=3660, exposure=1000 * (60 + 3660 - 1920 + 3 * 3660))
    expect(found, residual_exposure=4000 * (DAY - 3660), impaired_time=600, abort_reason="gate")


def test_a_rollback_in_service_waits_for_min_up() -> None:
    sick = {"rollback": 10, "latent": {"probability": 1.0, "delay": 3}}
    scenario = alike(
        "abcd",
        of=sick,
        min_up=2,
        environment={"detection": {"probability": 1.0, "delay": 1}},
    )
    found = run(scenario, patch("a", "b"), patch("c", "d"))
    # a and b commit at 10 and are detected at 14, as c and d are in work until 20; those are
    # detected at 24 and wait until 30 in their turn.
    expect(found, impaired_time=2 * 7 + 2 * 7, rollbacks=4, completion_time=20)
    # Old: four until 10, two until 20; at 30 and 40 they are old again.
    expect(found, exposure=1000 * (40 + 20), residual_exposure=1000 * (20 + 4 * (DAY - 40)))


def test_one_bad_node_is_not_a_share() -> None:
    certain = {"failure_probability": 1.0, "rollback": 5}
    scenario = alike("abcd", of=certain, constraints={"abort_share": 0.25})
    found = run(scenario, *[patch(name) for name in "abcd"])
    # More than max(1, 0.25 × 4) bad: two, at 30.
    expect(found, failures=2, bad_nodes=2, abort_reason="share", completion_time=30)


def test_crew_and_windows_that_are_overrun() -> None:
    windows = {"every": 100, "open": [{"start": 15, "duration": 60}]}
    limits = {"max_parallel": 2, "windows": windows}
    scenario = alike("abcde", constraints=limits)
    found = run(scenario, patch(*"abcde", guarded=False))
    expect(found, crew_overrun=3 * 10, window_overrun=10, breach=1, completion_time=10)
    # By two from 15 on: 2·25 + 2·35 + 45.
    found = run(scenario, patch("a", "b"), patch("c", "d"), patch("e"))
    expect(found, exposure=165_000, breach=0, guard_waits=1, guard_wait_time=15)


def test_finished_is_past_the_warm_up() -> None:
    scenario = small(
        {name: {"patch_with": {"duration": 5, "warmup": 7}} for name in "ab"},
        edges=[("b", "a")],
        dependency_order="strict",
    )
    found = run(scenario, patch("a"), patch("b", after=[]))
    expect(found, exposure=1000 * (5 + 17), guard_wait_time=12, order_violations=0)
    found = run(scenario, patch("a"), patch("b", after=[], guarded=False))
    expect(found, exposure=1000 * (5 + 5), order_violations=1, breach=1)


def test_nothing_happens_twice_to_a_run_that_a_crash_process_never_strikes() -> None:
    scenario = small(
        {
            "a": {"service": "s", "patch_with": {"duration": 20, "failure_probability": 1.0}},
            "b": {"service": "s", "patch_with": {"duration": 20}},
        },
        min_up={"s": 1},
        horizon=20,
    )
    for around in (None, {"crash": {"mtbf": 10**9}}):
        found = run(scenario | {"environment": around}, patch("a"), patch("b"))
        expect(found, completion_time=20, exposure=2 * 20_000, aborted=1, failed_nodes=1)


def test_a_run_that_does_not_end_is_cut() -> None:
    scenario = alike("abc", constraints={"horizon": 30, "max_retries": 10**6})
    scenario["patches"]["p"] |= {"failure_probability": 1.0, "rollback": 7}
    found = run(scenario, patch(*"abc"))
    # Ten times the horizon; the attempts begin every 17 s.
    expect(found, completion_time=300, abort_reason="endless", failures=3 * 18, exposure=900_000)


# --- retries and units put off ---


def test_a_retry_gives_up_its_crew_and_asks_the_guard_again() -> None:
    scenario = alike("ab", constraints={"max_retries": 1, "max_parallel": 1})
    scenario["patches"]["p"] |= {"failure_probability": 1.0, "rollback": 5}
    found = run(scenario, patch("a"), patch("b", after=[]))
    # a: 0 to 15, again 15 to 30, for retries come before steps; b from 30 to 60.
    expect(found, completion_time=60, retries=2, failures=4, guard_waits=1, guard_wait_time=30)
    windows = {"every": 100, "open": [{"start": 0, "duration": 20}]}
    scenario["constraints"] |= {"windows": windows, "max_parallel": 2}
    found = run(scenario, patch("a", "b"))
    # At 15 a retry would not end before 20: both wait for 85 s, as one wait each.
    expect(found, completion_time=115, guard_waits=2, guard_wait_time=170, window_overrun=0)


def test_units_of_a_host_that_has_failed_are_put_off_and_hold_nobody_up() -> None:
    scenario = small(
        {
            "h": {"type": "host", "patch_with": {"failure_probability": 1.0}},
            "a": {"host": "h"},
            "b": {},
        },
        horizon=100,
    )
    # h fails at 2; b is patched from 2 to 4. No repair: a is left out.
    found = run(scenario, patch("h"), patch("a", "b"))
    expect(found, completion_time=4, aborted=1, patched=1, exposure=1000 * (4 + 4 + 4))
    # Repaired 20 s later, h is old and a is patched from 22 to 24.
    found = run(scenario | {"environment": {"repair": 20}}, patch("h"), patch("a", "b"), pause(3))
    expect(found, completion_time=24, aborted=0, patched=2, guard_waits=0, bad_nodes=1)
    expect(found, exposure=1000 * (24 + 24 + 4))


def test_a_copy_that_comes_after_its_switch_is_switched_by_itself() -> None:
    scenario = small(
        {
            "h": {"type": "host", "patch_with": {"failure_probability": 1.0}},
            "a": {"host": "h", "patch_with": {"warmup": 3}},
            "b": {},
        },
        horizon=100,
        surge=2,
    )
    steps = [patch("h"), build("a", "b"), switch("a", "b")]
    found = run(scenario | {"environment": {"repair": 20}}, *steps)
    # b is built from 2 to 4 and switched; a is built from 22 to 27.
    expect(found, completion_time=27, patched=2, surge_node_seconds=2 + 5, exposure=1000 * 58)


def test_a_retry_that_is_left_out_at_once_has_not_waited() -> None:
    scenario = small(
        {
            "a": {
                "service": "s",
                "patch_with": {"duration": 10, "failure_probability": 1.0, "rollback": 5},
            },
            "b": {"service": "s", "patch_with": {"duration": 10, "failure_probability": 1.0}},
        },
        min_up={"s": 1},
        max_retries=3,
        horizon=100,
    )
    found = run(scenario, patch("a"), patch("b", after=[], guarded=False))
    # b is FAILED at 10; at 15 a may not leave the service alone, and never will.
    expect(found, completion_time=15, failures=2, guard_waits=0, abort_reason="stuck", bad_nodes=2)


@pytest.mark.parametrize("crash", [None, {"mtbf": 1000, "shape": 200}])
def test_an_attempt_in_which_a_node_crashes_makes_it_not_bad(crash: Document | None) -> None:
    of = {"duration": 1500, "restart": False, "failure_probability": 1.0, "rollback": 10}
    scenario = alike("a", of=of, constraints={"horizon": 1600})
    found = run(scenario | {"environment": {"crash": crash, "repair": 100}}, patch("a"))
    # Such lives last from 900 to 1,050 s: the first ends in the attempt, the second after O.
    expect(found, failures=1, rollbacks=1, crashes=int(crash is not None), completion_time=1510)
    expect(found, bad_nodes=int(crash is None))


def test_what_comes_after_a_step_that_ends_as_it_starts_is_looked_at_anew() -> None:
    scenario = small(
        {"h": {"type": "host", "patch_with": {"failure_probability": 1.0}}, "a": {"host": "h"}},
        horizon=100,
    )
    found = run(
        scenario,
        patch("h"),
        pause(0),
        patch("a", after=[0]),
        pause(0, 0),
        pause(0, after=[1]),
    )
    # At 2 step 1 starts, and step 2, which ends at once for a is left out. Then step 1 ends, and
    # 3 and 4 start; only then does the gate of 3 fail.
    expect(found, guardrail_pauses=3, completion_time=2, aborted=1, abort_reason="gate")
