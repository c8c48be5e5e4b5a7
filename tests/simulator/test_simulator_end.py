"""The world goes on after the plan: what is counted to O, and what only to T (MODEL 6, 7)."""

from __future__ import annotations

from support.luck import Luck
from support.tiny import (
    DAY,
    DIES,
    FAILS,
    LATENT,
    WATCHED,
    Document,
    alike,
    build,
    expect,
    patch,
    pause,
    reason,
    run,
    several,
    switch,
    told,
)
from support.written import Crash


def test_what_is_out_at_the_end_of_the_plan_is_out_until_the_observation_ends() -> None:
    # a dies at 10 and is down from 0 on; its service needs none, yet has none.
    outcome = run(alike("a", of=DIES), patch("a"))
    expect(outcome, completion_time=10, outage=DAY, downtime=0, lost_capacity=DAY, failed_nodes=1)
    expect(outcome, exposure=10_000, residual_exposure=(DAY - 10) * 1000, work_seconds=10)


def test_a_dead_host_keeps_its_guests_out() -> None:
    nodes: dict[str, Document] = {
        "h": {"type": "host", "of": DIES},
        "a": {"host": "h"},
        "b": {"host": "h"},
    }
    expect(run(several(nodes), patch("h")), lost_capacity=3 * DAY, failed_nodes=1, bad_nodes=1)


def test_a_repair_after_the_plan_ends_what_the_death_began() -> None:
    outcome = run(
        alike("a", of=DIES, min_up=1, environment={"repair": 90}), patch("a", waives=["s"])
    )
    # Dead at 10 and back, old, at 100; waived until 10.
    expect(outcome, completion_time=10, downtime=100, max_downtime=100, unplanned_downtime=90)
    expect(outcome, outage=100, lost_capacity=100, repairs=1, failed_nodes=0, bad_nodes=1)


def test_an_edge_that_an_abort_leaves_half_patched_is_mixed_for_the_day() -> None:
    for kind, metric in (("degraded", "degraded_time"), ("compatible", "mixed_time")):
        edge = {"source": "a", "target": "b", "compatibility": kind}
        outcome = run(several({"a": {}, "b": {"of": FAILS}}, edges=[edge]), patch("a"), patch("b"))
        # a serves as new from 10 on, b as old again from 25 on.
        expect(outcome, completion_time=25, mixed_edge_seconds=DAY - 25, mixed_time=DAY - 25)
        expect(outcome, **{metric: DAY - 25}, degraded_intervals=int(kind == "degraded"))


def test_a_torn_unit_violates_until_the_observation_ends() -> None:
    edge = {"source": "a", "target": "b", "compatibility": "incompatible"}
    outcome = run(several({"a": {}, "b": {"of": FAILS}}, edges=[edge]), patch("a"), patch("b"))
    # As above; b is given up at 25.
    expect(outcome, incompatibility_violations=1, violation_time=DAY - 25, breach=1)


def test_who_is_never_watched_is_impaired_to_the_end() -> None:
    expect(
        run(alike("ab", of=LATENT), patch("a", "b")),
        completion_time=10,
        impaired_time=2 * (DAY - 30),
        latent_nodes=2,
        latent_failures=2,
        patched=2,
        bad_nodes=0,
    )


def test_what_has_not_shown_yet_at_the_end_is_latent_all_the_same() -> None:
    scenario = alike("a", of=LATENT, constraints={"horizon": 30}, environment=WATCHED)
    # The onset would be at 30, which is O: it happens, and nothing comes of it.
    expect(run(scenario, patch("a")), latent_nodes=1, impaired_time=0, detections=0, patched=1)
    scenario["constraints"]["horizon"] = 29
    outcome = run(scenario, patch("a"))
    expect(outcome, latent_nodes=1, impaired_time=0, patched=1)
    assert not told(outcome, "node_impaired")


def test_a_rollback_after_the_plan_counts_everywhere_but_in_t() -> None:
    windows = {"every": DAY, "open": [{"start": 0, "duration": 10}]}
    scenario = alike(
        "a", of=LATENT, min_up=0, environment=WATCHED, constraints={"windows": windows}
    )
    outcome = run(scenario, patch("a"))
    # IMPAIRED at 30, detected at 37, old at 42; outside of the window, for which it never waits.
    expect(outcome, completion_time=10, work_seconds=10 + 5, lost_capacity=10 + 5, rollbacks=1)
    expect(outcome, exposure=10_000, residual_exposure=(DAY - 42) * 1000, window_overrun=0)
    expect(outcome, patched=0, time_to_remediate=DAY, bad_nodes=1, latent_nodes=0, impaired_time=7)
    expect(outcome, aborted=0, guard_waits=0, outage=15)


def test_work_that_is_under_way_at_the_end_is_cut_there() -> None:
    scenario = alike("a", of=LATENT, environment=WATCHED, constraints={"horizon": 40})
    # The rollback would last from 37 to 42: the node is neither impaired nor old at 40.
    outcome = run(scenario, patch("a"))
    expect(outcome, work_seconds=10 + 3, lost_capacity=10 + 3, rollbacks=0, patched=1)
    expect(outcome, residual_exposure=0, latent_nodes=1, impaired_time=7, time_to_remediate=10)


def test_a_plan_may_outlast_the_horizon() -> None:
    outcome = run(alike("ab", constraints={"horizon": 15}), patch("a"), patch("b"))
    # O is T, 20.
    expect(outcome, completion_time=20, exposure=30_000, residual_exposure=0)
    last = outcome.events[-1]
    assert (last["event"], last["time"], last["completion_time"]) == ("run_end", 20, 20)


def test_the_run_ends_at_o_and_bears_t() -> None:
    outcome = run(alike("a", constraints={"horizon": 70}), patch("a"))
    last = outcome.events[-1]
    assert (last["event"], last["time"], last["completion_time"]) == ("run_end", 70, 10)


def test_a_pause_moves_t_and_idle_waiting_does_not() -> None:
    expect(run(alike("a"), patch("a"), pause(90)), completion_time=100, exposure=10_000)
    expect(run(alike("ab"), patch("a"), patch("b", not_before=80)), completion_time=90)
    # b waits for a service that has lost a at 10, until a repair that comes too late for it.
    scenario = alike("ab", of=DIES, min_up=2, environment={"repair": 500})
    outcome = run(scenario, patch("a", waives=["s"]), patch("b"))
    expect(outcome, completion_time=10, aborted=1, downtime=510)


def test_crashes_go_on_after_the_plan() -> None:
    scenario = alike("a", min_up=1, environment={"crash": {"mtbf": 1000}}, name="crashes")
    crashed = Luck("crashes", 1).life(Crash(1000, 1.0), "a", 1)
    assert 10 < crashed < DAY
    # Never repaired, new still, and short for the rest of the day.
    outcome = run(scenario, patch("a", waives=["s"]))
    expect(outcome, completion_time=10, crashes=1, failed_nodes=1, bad_nodes=0, patched=1)
    expect(outcome, unplanned_downtime=DAY - crashed, downtime=10 + DAY - crashed)


def test_a_repaired_node_is_old_and_is_not_patched_again() -> None:
    around = {"crash": {"mtbf": 20_000}, "repair": 100}
    scenario = alike("a", environment=around, name="crashes")
    crashed = Luck("crashes", 1).life(Crash(20_000, 1.0), "a", 1)
    scenario["constraints"]["horizon"] = crashed + 150
    expect(
        run(scenario, patch("a")),
        completion_time=10,
        residual_exposure=50_000,
        time_to_remediate=crashed + 150,
        patched=0,
        aborted=0,
    )


def test_copies_that_wait_for_a_window_hold_their_slots() -> None:
    windows = {"every": 100, "open": [{"start": 0, "duration": 10}]}
    scenario = alike("a", constraints={"windows": windows, "step_overhead": 1})
    scenario["patches"]["p"]["duration"] = 9
    outcome = run(scenario, build("a"), switch("a"))
    # Built at 10; the switch takes the first second of the next window.
    expect(outcome, surge_node_seconds=101, completion_time=101, guard_wait_time=90)


# --- runs that would not end ---


def test_a_run_that_would_not_end_is_cut_at_ten_times_the_horizon() -> None:
    scenario = alike("abc", of=DIES | {"rollback": 7}, constraints={"max_retries": 1000})
    scenario["constraints"]["horizon"] = 30
    outcome = run(scenario, patch(*"abc"))
    # An attempt every 17 s: 17 whole ones by 289, the draws of the 18th at 299.
    expect(outcome, completion_time=300, aborted=1, failures=3 * 18, retries=3 * 17)
    expect(outcome, exposure=3 * 300_000, residual_exposure=0, work_seconds=3 * 300)
    assert reason(outcome) == "does not end"
    assert told(outcome, "abort", "run_end")[-2:] == [(300, "abort", None), (300, "run_end", None)]


def test_or_at_ten_times_the_nominal_end_if_that_is_later() -> None:
    scenario = alike("a", of=FAILS, constraints={"max_retries": 1000, "horizon": 5})
    # The nominal end is 10.
    expect(run(scenario, patch("a")), completion_time=100, aborted=1)


def test_a_world_that_goes_on_is_no_run_that_does_not_end() -> None:
    around = {"crash": {"mtbf": 50}, "repair": 5}
    outcome = run(alike("a", environment=around, constraints={"horizon": 2000}), patch("a"))
    # T may be later than 10 if a crashes at once, but the crashes do not prolong the plan.
    assert outcome.exact("completion_time") < 2000
    assert reason(outcome) == ""
