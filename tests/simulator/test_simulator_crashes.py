"""What crashes do to nodes and to the work on them (MODEL 6, 11)."""

from __future__ import annotations

import pytest

from support.luck import Luck
from support.tiny import Document, build, expect, patch, run, several, switch, told
from support.written import Crash

LIFE, WORK, END = 900, 1000, 1010
#: The work goes on for so long that a crash comes during it.
LONG = {"duration": WORK, "rollback": 5}


def crash(node: str, seed: int) -> int:
    """Return when a node's first life ends."""
    return Luck("by-hand", seed).life(Crash(LIFE, 2.0), node, 1)


def seed_where(early: str, late: str = "") -> int:
    """Return the first seed on which some nodes crash during the work, and others after the end."""
    return next(
        seed
        for seed in range(10_000)
        if all(100 < crash(node, seed) < WORK - 100 for node in early)
        and all(crash(node, seed) > END for node in late)
    )


def world(nodes: dict[str, Document], *, repair: int | None = None, **limits: int) -> Document:
    around: Document = {"crash": {"mtbf": LIFE, "shape": 2.0}}
    if repair is not None:
        around["repair"] = repair
    return several(nodes, environment=around, constraints={"horizon": END} | limits)


def test_what_is_down_does_not_crash() -> None:
    seed = seed_where("a")
    outcome = run(world({"a": {"of": LONG}}), patch("a"), seed=seed)
    expect(outcome, crashes=0, failures=0, patched=1, completion_time=WORK, failed_nodes=0)


def test_what_serves_until_its_step_does() -> None:
    seed = seed_where("a")
    at = crash("a", seed)
    outcome = run(world({"a": {}}), patch("a", not_before=at), seed=seed)
    # Crashed in the instant in which its step starts: left out for want of a repair.
    expect(outcome, crashes=1, patched=0, failed_nodes=1, bad_nodes=0, aborted=1, completion_time=0)
    outcome = run(world({"a": {}}, repair=30), patch("a", not_before=at), seed=seed)
    # Put off, and patched by itself after its repair.
    expect(outcome, crashes=1, patched=1, aborted=0, guard_waits=0, completion_time=at + 30 + 10)


@pytest.mark.parametrize("unlucky", [0, 1])
def test_a_live_patch_fails_with_its_node_and_makes_it_not_bad(unlucky: int) -> None:
    live = LONG | {"restart": False, "failure_probability": unlucky}
    seed = seed_where("a")
    outcome = run(world({"a": {"of": live}}, abort_after_failures=1), patch("a"), seed=seed)
    # It fails at its own end, and is never rolled back: it is out.
    expect(outcome, failures=1, bad_nodes=0, crashes=1, failed_nodes=1, aborted=0, patched=0)
    expect(outcome, lost_capacity=END - crash("a", seed), rollbacks=0, work_seconds=WORK + 5)
    assert told(outcome, "patch_failed", "work_over") == [
        (WORK, "patch_failed", "a"),
        (WORK + 5, "work_over", "a"),
    ]


def test_not_even_if_it_is_back_when_its_work_fails() -> None:
    live = LONG | {"restart": False, "failure_probability": 1}
    seed = next(
        seed
        for seed in range(10_000)
        if 100 < crash("a", seed) < WORK - 100
        and Luck("by-hand", seed).life(Crash(LIFE, 2.0), "a", 2) > END
    )
    scenario = world({"a": {"of": live}}, repair=10, abort_after_failures=1)
    outcome = run(scenario, patch("a"), seed=seed)
    # Back 10 s after its crash, and rolled back at 1,005 as if nothing had been.
    expect(outcome, failures=1, bad_nodes=0, crashes=1, failed_nodes=0, rollbacks=1, aborted=0)


def test_who_has_crashed_is_not_made_bad_by_being_given_up() -> None:
    windows = {"every": 5000, "open": [{"start": 0, "duration": 20}]}
    fails = {"failure_probability": 1, "rollback": 5}
    scenario = world({"a": {"of": fails}})
    scenario["constraints"] |= {"windows": windows, "max_retries": 1}
    outcome = run(scenario, patch("a"), seed=seed_where("a"))
    # Failed at 10, back at 15 and waiting for the next window as it crashes: left out.
    expect(outcome, failures=1, crashes=1, bad_nodes=0, failed_nodes=1, aborted=1, retries=0)
    at = crash("a", seed_where("a"))
    assert told(outcome, "node_left_out") == [(at, "node_left_out", "a")]
    expect(outcome, guard_wait_time=at - 15)


def test_work_on_a_guest_fails_with_its_host_at_its_own_end() -> None:
    nodes: dict[str, Document] = {
        "h": {"type": "host", "patch": None},
        "g": {"host": "h", "of": LONG},
    }
    seed = seed_where("h")
    # Back after 10 s, and yet the work on g is lost: bad at 1,005, when it is rolled back.
    outcome = run(world(nodes, repair=10), patch("g"), seed=seed)
    expect(outcome, failures=1, bad_nodes=1, rollbacks=1, completion_time=WORK + 5, patched=0)
    # So is its copy; one that is built from after the crash on is not.
    outcome = run(world(nodes, repair=10), build("g"), switch("g"), seed=seed)
    assert outcome.exact("failures") == 1
    assert (outcome.exact("rollbacks"), outcome.exact("patched")) == (0, 0)


def test_a_copy_minds_no_crash_of_its_node() -> None:
    seed = seed_where("a")
    outcome = run(world({"a": {"of": LONG}}), build("a"), switch("a"), seed=seed)
    # a is out from its crash until the copy takes its place at 1,000.
    expect(outcome, failures=0, patched=1, failed_nodes=0, lost_capacity=WORK - crash("a", seed))


def test_a_copy_in_its_place_needs_no_repair() -> None:
    repair = 950
    seed = next(
        seed
        for seed in range(10_000)
        if 100 < crash("a", seed) < WORK - 100
        and Luck("by-hand", seed).life(Crash(LIFE, 2.0), "a", 2) > repair
    )
    scenario = world({"a": {"of": LONG}}, repair=repair)
    scenario["constraints"]["horizon"] = WORK + repair
    outcome = run(scenario, build("a"), switch("a"), seed=seed)
    # The copy serves from 1,000 on, and is not put back when a's repair would have been over.
    expect(outcome, crashes=1, repairs=0, patched=1, lost_capacity=WORK - crash("a", seed))


def test_a_crash_ends_what_was_latent() -> None:
    latent = {"rollback": 5, "latent": {"probability": 1, "delay": 50}}
    seed = seed_where("a")
    at = crash("a", seed)
    outcome = run(world({"a": {"of": latent}}), patch("a"), seed=seed)
    # IMPAIRED from 60 until the crash; out, new, and not bad.
    expect(outcome, impaired_time=at - 60, latent_nodes=0, failed_nodes=1, bad_nodes=0, patched=1)
    outcome = run(world({"a": {"of": latent}}, repair=10_000), patch("a"), seed=seed)
    expect(outcome, impaired_time=at - 60, residual_exposure=0, time_to_remediate=10)


def test_a_crash_during_a_rollback_in_service_leaves_nothing_to_roll_back() -> None:
    live = {"rollback": WORK, "restart": False, "latent": {"probability": 1, "delay": 10}}
    scenario = world({"a": {"of": live}})
    scenario["environment"]["detection"] = {"probability": 1, "delay": 10}
    scenario["constraints"]["horizon"] = 1100
    seed = seed_where("a")
    at = crash("a", seed)
    outcome = run(scenario, patch("a"), seed=seed)
    # IMPAIRED at 20 and detected at 30; being rolled back live it is impaired until it crashes.
    # The crew has its hands full until 1,030 all the same.
    expect(outcome, impaired_time=at - 20, rollbacks=0, failed_nodes=1, work_seconds=10 + WORK)
    assert told(outcome, "work_over") == [(30 + WORK, "work_over", "a")]
