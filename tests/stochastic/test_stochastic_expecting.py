"""Plans of least expected exposure: found where failures matter, and judged on fresh luck."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from patchopt.model.expectation import Risk, Sample
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.optimizer import OptimizerParameters, search_and_prove
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.problem import problem_of
from patchopt.simulator import simulate
from patchopt.stochastic import bounds, expecting, wait_and_see
from patchopt.stochastic.certifying import wait_and_see_gap
from patchopt.stochastic.equivalent import equivalent
from patchopt.stochastic.evaluating import Evaluator, risk_of
from patchopt.stochastic.expecting import FRESH, expect
from patchopt.stochastic.intervals import half_width, half_width_of_difference
from patchopt.stochastic.outcomes import Failure, UnitOutcome
from patchopt.stochastic.parameters import ExpectedParameters
from patchopt.stochastic.searching import Search
from patchopt.strategies import Strategy, make_strategy
from support.contract import check_harmless, infrastructure_of, nominal
from support.examples import small
from support.generate import scenarios
from support.searches import SHORT

QUICK = ExpectedParameters(replications=100, plans=60, fresh=400, time_limit=0.2)

#: The example of MODEL 12: by plan a comes first, in expectation b.
QUICK_FLAKY = {"severity": 10, "duration": 100, "failure_probability": 0.8, "rollback": 100}
SLOW_SURE = {"severity": 10, "duration": 250}


def flaky() -> Infrastructure:
    nodes: dict[str, dict[str, Any]] = {
        "a": {"blue_green": False, "patch": QUICK_FLAKY},
        "b": {"blue_green": False, "patch": SLOW_SURE, "criticality": 2},
    }
    return infrastructure_of(small(nodes, max_parallel=1, max_retries=20, horizon=86400))


def first_of(found: Any) -> list[str]:
    return [step.nodes[0] for step in found.plan.steps]


def test_what_is_likely_to_fail_comes_last() -> None:
    infrastructure = flaky()
    found = expect(infrastructure, QUICK)
    known = found.expectation
    assert not known.is_nominal
    assert first_of(found) == ["b", "a"]
    # 32,000 and 16,500 by the model, besides what never heals, on average.
    assert known.difference == pytest.approx(16_500 - 32_000, rel=0.1)
    assert known.difference + known.difference_within < 0
    assert known.value - known.nominal == pytest.approx(16_500 - 32_000, rel=0.1)
    # Three samples that nobody else has, and the plan does on the last what it says.
    assert len({known.training.seed, known.choice.seed, known.fresh.seed}) == 3
    outcome = simulate(infrastructure, found.plan, seed=FRESH, replications=400)
    exposure = outcome.columns["total_exposure"].astype(np.float64) / 1000
    assert found.costs.tolist() == exposure.tolist()
    assert known.value == exposure.mean()
    assert known.value_within == half_width(exposure, "mean")


def test_where_nothing_fails_it_is_the_nominal_optimum() -> None:
    nodes: dict[str, dict[str, Any]]
    nodes = {
        name: {"blue_green": False, "criticality": w}
        for name, w in zip("abc", (3, 2, 1), strict=True)
    }
    found = expect(infrastructure_of(small(nodes, max_parallel=1)), QUICK)
    known = found.expectation
    assert known.is_nominal
    assert first_of(found) == ["a", "b", "c"]
    assert (known.difference, known.difference_within, known.value_within) == (0, 0, 0)
    assert known.value == known.nominal


def test_the_gap_is_that_of_the_first_fresh_replications() -> None:
    infrastructure = flaky()
    found = expect(infrastructure, QUICK)
    gap = wait_and_see_gap(infrastructure, found, 30)
    assert (gap.sample.seed, gap.sample.replications) == (FRESH, 30)
    mean = float(found.costs[:30].mean())
    assert gap.bound <= mean
    assert gap.gap is not None
    assert gap.upper is not None
    assert gap.gap == pytest.approx(mean / gap.bound - 1)
    assert gap.gap < gap.upper
    assert gap.proven == 30
    # More than there are costs of cannot be bounded; one tells nothing of chance.
    assert wait_and_see_gap(infrastructure, found, 10_000).sample.replications == 400
    assert wait_and_see_gap(infrastructure, found, 1).upper is None


@settings(max_examples=15, deadline=None)
@given(scenarios(trouble=True, max_patched=5))
def test_plans_keep_the_constraints_and_are_the_same_again(scenario: dict[str, Any]) -> None:
    infrastructure = infrastructure_of(scenario)
    few = replace(QUICK, plans=15, replications=20, fresh=50)
    found = expect(infrastructure, few)
    check_harmless(found.plan, nominal(infrastructure, found.plan))
    again = expect(infrastructure, few)
    assert again.plan == found.plan
    assert again.expectation == found.expectation
    if not found.expectation.is_nominal:
        assert found.expectation.difference + found.expectation.difference_within < 0


def forgotten(**environment: Any) -> Infrastructure:
    """One node, half of whose attempts fail; nobody tries again unless the plan is stopped."""
    patch = {"severity": 10, "duration": 100, "failure_probability": 0.5, "rollback": 10}
    scenario = small(
        {"a": {"blue_green": False, "patch": patch}}, max_parallel=1, max_retries=0, horizon=10_000
    )
    return infrastructure_of(scenario | {"environment": environment})


def test_the_end_is_watched_where_a_stop_brings_another_attempt() -> None:
    infrastructure = forgotten(review={"delay": 50})
    found = expect(infrastructure, QUICK)
    work, *pauses = found.plan.steps
    assert (work.action, work.after) == ("patch", ())
    assert [pause.after for pause in pauses] == [(at,) for at in range(len(pauses))]
    for pause in pauses:
        assert (pause.action, pause.duration) == ("pause", 300)
        assert pause.gate is not None
        assert pause.gate.max_failures == 0
    # Good at once: 10 x 100. Else given up at 110, stopped at 410, tried again at 460 and good at
    # 560; every further failure takes 350 s more: 100 + 460 / 2 + 350 / 2 in the mean. The ninth
    # failure, of 1 run in 512, is left. A pause of a minute would stop an attempt of 110 s.
    assert len(pauses) == 8
    assert found.expectation.value == pytest.approx(10 * (505 + 10_000 / 512), rel=0.25)
    # Without a watch half of all runs cost 10 x 10,000.
    assert found.expectation.nominal == pytest.approx(10 * (50 + 5000), rel=0.1)
    plain = expect(infrastructure, replace(QUICK, watch=False))
    assert plain.expectation.is_nominal


def test_nothing_is_watched_where_a_stop_is_for_good() -> None:
    found = expect(forgotten(), QUICK)
    assert found.expectation.is_nominal
    assert [step.action for step in found.plan.steps] == ["patch"]


RISKS: tuple[Risk, ...] = ("mean", "cvar95")


@pytest.mark.parametrize("risk", RISKS)
def test_a_plan_is_judged_by_what_is_asked_for(risk: Risk) -> None:
    found = expect(flaky(), replace(QUICK, risk=risk))
    known = found.expectation
    assert known.value == risk_of(found.costs, risk)
    assert known.is_nominal == (known.difference + known.difference_within >= 0)


@pytest.mark.parametrize("risk", RISKS)
def test_intervals_of_differences_cover(risk: Risk) -> None:
    # Exponential costs, the second 10% and 1 more than the first on average, paired: the means
    # differ by 1.1 x 10 + 1 - 10 = 2, the tails by 0.1 x 10 x (1 + ln 20) + 1.
    true = {"mean": 2.0, "cvar95": 1.0 * (1 + np.log(20)) + 1}[risk]
    luck, covered = np.random.default_rng(1), 0
    for _ in range(400):
        before = luck.exponential(10.0, 1000)
        after = 1.1 * before + luck.normal(1.0, 1.0, 1000)
        difference = risk_of(after, risk) - risk_of(before, risk)
        covered += abs(difference - true) <= half_width_of_difference(before, after, risk)
    # 380 expected, standard deviation 4.4; tails of skew costs have a little less.
    assert 362 <= covered <= 396


def test_cvar_is_the_mean_of_the_worst() -> None:
    costs = np.array([5.0] * 95 + [10.0, 20.0, 30.0, 40.0, 50.0])
    assert risk_of(costs, "cvar95") == 30
    assert risk_of(costs, "mean") == pytest.approx((5 * 95 + 150) / 100)
    assert risk_of(np.array([7.0]), "cvar95") == 7


def test_a_search_is_never_worse_than_its_begin_on_the_sample() -> None:
    infrastructure = flaky()
    problem = problem_of(infrastructure, items_of(infrastructure))
    evaluator = Evaluator(infrastructure, Decoder(problem), Sample(seed=5, replications=50))
    search = Search(evaluator, "mean", 0)
    free = np.full(2, -1, np.int64)
    begin = search.listed(np.array([0, 1]), free)
    best = search.improved(begin, 10)
    assert best.value < begin.value
    assert best.order.tolist() == [1, 0]
    # Two lists there are; no plan is simulated twice.
    assert evaluator.made == 2


def test_the_equivalent_has_mean_lengths_and_likely_weights() -> None:
    infrastructure = flaky()
    problem = problem_of(infrastructure, items_of(infrastructure))
    sure = UnitOutcome(failures=(), duration_s=250)
    good = UnitOutcome(failures=(), duration_s=100)
    once = UnitOutcome(failures=(Failure(duration_s=100, rollback_s=100),), duration_s=100)
    never = UnitOutcome(failures=(Failure(duration_s=100, rollback_s=100),) * 21, duration_s=None)
    likely = equivalent(problem, [(good, sure), (once, sure)])
    # a: 100 and 300 in the mean, and it commits when it ends.
    assert [(t.weight_milli, t.length_s, t.modes[0].commit_s) for t in likely.tasks] == [
        (10_000, 200, 200),
        (20_000, 250, 250),
    ]
    assert equivalent(problem, [(good, sure), (never, sure)]).tasks[0].weight_milli == 5_000


def test_an_interrupt_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # The optimiser keeps what it has found; here half a search would pass for a whole one.
    infrastructure = flaky()
    for module in (expecting, wait_and_see):
        monkeypatch.setattr(module, "solve", interrupted(module.solve))
    with pytest.raises(KeyboardInterrupt):
        expect(infrastructure, QUICK)
    with pytest.raises(KeyboardInterrupt):
        bounds(infrastructure, 1, 2, OptimizerParameters(time_limit=0.1, deterministic=True))
    with pytest.raises(KeyboardInterrupt):
        optimal_interrupted(monkeypatch).plan(infrastructure)


def interrupted(solve: Any) -> Any:
    return lambda *given, **options: replace(solve(*given, **options), interrupted=True)


def optimal_interrupted(monkeypatch: pytest.MonkeyPatch) -> Strategy:
    monkeypatch.setattr("patchopt.optimizer.solve.solve", interrupted(search_and_prove.solve))
    return make_strategy("optimal", SHORT["optimal"])
