"""Means that can be written down, exactly where nothing is left to chance (MODEL 6, 11, 13)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from scipy import stats

from support.closed_forms import Rollout, break_even, mean
from support.tiny import DAY, Document, alike, assert_mean, column, expect, patch, pause, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchopt.simulator.outcome import Outcome

NAMES = "abcdefgh"
#: Attempts that fail, and a release that turns out bad in service: 8 · 100 s of work.
FAILING = Rollout(nodes=8, work=100, rollback=40, soak=500, respin=3000, horizon=DAY)
SHOWING = Rollout(nodes=8, work=100, rollback=40, soak=350, respin=3000, horizon=DAY, seen=330)

Costs = tuple[int, int]


def scenario_of(form: Rollout, chance: float, **constraints: int) -> Document:
    """Return the nodes of a closed form, a second place of the crew for rollbacks in service."""
    defect: Document = {"probability": chance}
    release: Document = {"duration": form.work, "rollback": form.rollback, "defect": defect}
    around: Document = {"respin": {"delay": form.respin}}
    if form.seen is None:
        defect["failure_probability"] = 1
    else:
        defect |= {"failure_probability": 0, "latent_probability": 1}
        release["latent"] = {"probability": 0, "delay": form.seen - 30}
        around["detection"] = {"probability": 1, "delay": 30}
    limits = {"max_parallel": 1 if form.seen is None else 2, "horizon": form.horizon} | constraints
    return alike(NAMES, of=release, constraints=limits, environment=around)


def each() -> list[Document]:
    return [patch(name) for name in NAMES]


def canary(form: Rollout) -> list[Document]:
    first, *rest = each()
    return [first, pause(form.soak, 0), *rest]


def gated(form: Rollout) -> list[Document]:
    return [*each(), pause(form.soak, 0)]


def follow(form: Rollout, plan: str, chance: float, replications: int = 1) -> Outcome:
    """Simulate one of the plans that have closed forms."""
    steps = {"canary": canary(form), "gated": gated(form)}.get(plan, each())
    limits = {"abort_after_failures": 1} if plan == "budget" else {}
    return run(scenario_of(form, chance, **limits), *steps, replications=replications)


CASES: list[tuple[Rollout, str, Callable[[Rollout], Costs]]] = [
    (FAILING, "budget", Rollout.rolling_on_a_budget),
    (FAILING, "canary", Rollout.canary),
    (FAILING, "gated", Rollout.gated_at_its_end),
    (FAILING, "unstopped", Rollout.unstopped),
    (SHOWING, "canary", Rollout.canary),
    (SHOWING, "gated", Rollout.gated_at_its_end),
    (SHOWING, "unstopped", Rollout.unstopped),
]


def test_the_two_forms_of_the_page_are_what_the_costs_say() -> None:
    n, d, r, s, wait = 8, 100, 40, 500, 3000
    rolling, careful = FAILING.rolling_on_a_budget(), FAILING.canary()
    for p in (0, 1):
        assert rolling[p] == d * n * (n + 1) // 2 + p * n * (d + r + wait)
        assert careful[p] == d * n * (n + 1) // 2 + (n - 1) * s + p * n * (d + r + s + wait)


@pytest.mark.parametrize(("form", "plan", "costs"), CASES)
def test_a_release_that_is_sound_or_defective_for_certain(
    form: Rollout, plan: str, costs: Callable[[Rollout], Costs]
) -> None:
    for chance, cost in enumerate(costs(form)):
        outcome = follow(form, plan, chance)
        expect(outcome, total_exposure=1000 * cost)
        expect(outcome, respins=0 if plan == "unstopped" else chance)


@pytest.mark.parametrize(("form", "plan", "costs"), CASES)
def test_a_release_that_may_be_defective(
    form: Rollout, plan: str, costs: Callable[[Rollout], Costs]
) -> None:
    outcome = follow(form, plan, 0.3, replications=4_000)
    assert set(column(outcome, "total_exposure").tolist()) == {1000 * c for c in costs(form)}
    assert_mean(outcome, "total_exposure", 1000 * mean(costs(form), 0.3))


# --- when a canary pays ---


def test_break_even_probabilities_by_hand() -> None:
    # s / (n (d + r)) = 500 / (8 · 140), and s / (n d - v - r) = 350 / (800 - 330 - 40).
    assert break_even(FAILING.canary(), FAILING.gated_at_its_end()) == Fraction(500, 1120)
    assert break_even(SHOWING.canary(), SHOWING.gated_at_its_end()) == Fraction(350, 430)
    # A plan that stops at the first failure is a canary already.
    assert break_even(FAILING.canary(), FAILING.rolling_on_a_budget()) is None


@pytest.mark.parametrize(
    ("form", "other", "costs"),
    [
        (FAILING, "gated", Rollout.gated_at_its_end),
        (SHOWING, "gated", Rollout.gated_at_its_end),
        (FAILING, "unstopped", Rollout.unstopped),
        (SHOWING, "unstopped", Rollout.unstopped),
    ],
)
def test_a_canary_pays_above_its_break_even_probability(
    form: Rollout, other: str, costs: Callable[[Rollout], Costs]
) -> None:
    even = break_even(form.canary(), costs(form))
    assert even is not None
    for chance, pays in ((0.8 * float(even), False), (1.2 * float(even), True)):
        found = [
            column(follow(form, plan, chance, replications=20_000), "total_exposure").mean()
            for plan in ("canary", other)
        ]
        assert (found[0] < found[1]) == pays


# --- only instances that die, detection, budgets ---


def test_an_only_instance_is_missed_from_its_death_to_the_end() -> None:
    p, work, horizon = 0.2, 60, 3600
    scenario = alike(
        "a",
        of={"duration": work, "failure_probability": p},
        min_up=1,
        constraints={"horizon": horizon},
    )
    outcome = run(scenario, patch("a", waives=["s"]), replications=10_000)
    assert_mean(outcome, "downtime", (1 - p) * work + p * horizon)
    assert_mean(outcome, "unplanned_downtime", p * (horizon - work))
    assert_mean(outcome, "lost_capacity", (1 - p) * work + p * horizon)


def test_what_is_latent_is_found_alike_before_the_end_of_the_plan_and_after_it() -> None:
    n, sick, seen, horizon = 8, 0.4, 0.7, 4000
    of = {"duration": 60, "rollback": 30, "latent": {"probability": sick, "delay": 600}}
    scenario = alike(
        NAMES,
        of=of,
        constraints={"horizon": horizon},
        environment={"detection": {"probability": seen, "delay": 200}},
    )
    short = run(scenario, patch(*NAMES), replications=10_000)
    long = run(scenario, patch(*NAMES), pause(3000), replications=10_000)
    # Commit 60, IMPAIRED from 660 on, rolled back from 860 to 890 or impaired to the end.
    assert_mean(short, "impaired_time", n * sick * (seen * 200 + (1 - seen) * (horizon - 660)))
    assert_mean(short, "detections", n * sick * seen)
    assert_mean(short, "total_exposure", 1000 * n * (60 + sick * seen * (horizon - 890)))
    assert column(short, "completion_time").max() == 60
    for metric in ("impaired_time", "detections", "total_exposure", "patched", "bad_nodes"):
        assert (column(short, metric) == column(long, metric)).all()


@pytest.mark.parametrize(
    ("limits", "needed"),
    [
        ({"abort_after_failures": 1}, 1),
        ({"abort_after_failures": 4}, 4),
        ({"abort_share": 0.05}, 2),
        ({"abort_share": 0.25}, 3),
        ({"abort_share": 0.26}, 3),
        ({"abort_share": 0.375}, 4),
    ],
)
@pytest.mark.parametrize("retries", [0, 1])
def test_budgets_are_used_up_as_often_as_the_binomial_says(
    limits: Document, needed: int, retries: int
) -> None:
    p = 0.45
    of = {"failure_probability": p, "rollback": 5}
    scenario = alike(NAMES, of=of, constraints=limits | {"max_retries": retries})
    outcome = run(scenario, *each(), replications=10_000)
    # A node is bad if all its attempts fail; more than max(1, share · 8) of them break a share.
    chance = float(stats.binom.sf(needed - 1, len(NAMES), p ** (retries + 1)))
    assert_mean(outcome, "aborted", chance)
    stopped = column(outcome, "aborted") == 1
    bad = column(outcome, "bad_nodes")
    assert (bad[stopped] == needed).all()
    assert (bad[~stopped] < needed).all()
