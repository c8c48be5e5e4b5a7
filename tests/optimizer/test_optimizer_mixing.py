"""Mixed priorities: what they are made of, by hand and by twins, and what comes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.model.base import Floats
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.engine import compiled, uncompiled
from patchopt.optimizer.progress import Tracker
from patchopt.optimizer.search import mixing
from patchopt.optimizer.search.effort import Effort, Moves, Span
from patchopt.optimizer.search.figures import figures_of
from patchopt.optimizer.search.mixing import TRIAL_MOVES, Mixer, rules_of, share_of_mixing
from patchopt.optimizer.search.population import Population
from patchopt.optimizer.search.sidney import densities
from patchopt.optimizer.search_and_prove import first_lists
from support.examples import small
from support.generate import scenarios
from support.lists import all_below, check_list, made, of, problem_from

if TYPE_CHECKING:
    from patchopt.optimizer.engine import Engine
    from patchopt.optimizer.problem import Problem
    from patchopt.optimizer.search.annealer import Coded

Ended = Callable[[int], bool]


def strict(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Problem:
    return problem_from(small(nodes, edges=edges, dependency_order="strict"))


def never(_: int) -> bool:
    return False


def mixed(problem: Problem, trials: int, seed: int = 0, engine: Engine | None = None) -> Coded:
    decoder = Decoder(problem, engine or compiled())
    begin = first_lists(decoder)[0]
    found = Mixer(decoder).mix(begin, seed, Moves(trials * TRIAL_MOVES), never)
    assert found.objective_milli <= begin.objective_milli
    assert decoder.value(found.order, found.wanted) == found.objective_milli
    check_list(problem, found.order)
    return found


def test_what_waits_and_the_longest_path_by_hand() -> None:
    # c (weight 5, 2 s) waits for b (1, 3 s) and a (9, 1 s), d (4, 6 s) for b alone.
    nodes = {"a": of(9), "b": of(1, 3), "c": of(5, 2), "d": of(4, 6)}
    problem = strict(nodes, [("c", "a"), ("c", "b"), ("d", "b")])
    own = figures_of(Decoder(problem))
    per_weight = own.weight[2] / 5.0
    assert (own.waiting_weight / per_weight).tolist() == [9 + 5, 1 + 5 + 4, 5, 4]
    assert own.waiting_work.tolist() == [1 + 2, 3 + 2 + 6, 2, 6]
    assert own.path.tolist() == [1 + 2, 3 + 6, 2, 6]


@pytest.mark.parametrize("engine", [uncompiled, compiled])
@settings(max_examples=60)
@given(scenario=scenarios(max_duration=20, max_patched=16))
def test_what_waits_is_all_that_is_above(engine: Any, scenario: dict[str, Any]) -> None:
    problem = problem_from(scenario)
    if not problem.tasks:
        return
    own = figures_of(Decoder(problem, engine()))
    tasks = problem.tasks
    under = [all_below(problem, task.component) for task in tasks]
    for number, task in enumerate(tasks):
        above = [at for at in range(len(tasks)) if task.component in under[at]]
        assert own.waiting_weight[number] == sum(own.weight[at] for at in [number, *above])
        assert own.waiting_work[number] == sum(own.work[at] for at in [number, *above])


def test_more_than_a_block_of_components() -> None:
    # A chain of 150: n1 for n0, n2 for n1 and so on, each of weight 1 and 1 s.
    nodes = {f"n{at:03}": of(1) for at in range(150)}
    names = list(nodes)
    problem = strict(nodes, list(zip(names[1:], names[:-1], strict=True)))
    own = figures_of(Decoder(problem, compiled()))
    assert own.waiting_work.tolist() == own.path.tolist() == list(range(150, 0, -1))


def test_sets_of_the_decomposition_by_hand() -> None:
    # c waits for b. With 10 c and b weigh 11 in 2 s, less a second than a alone (9); with 30 they
    # come before it, 31 in 2 s, though b itself weighs 1.
    def sets(weight: int) -> list[float]:
        problem = strict({"a": of(9), "b": of(1), "c": of(weight)}, [("c", "b")])
        arrays = Decoder(problem).arrays
        found = densities(arrays, np.array([9, 1, weight]), np.array([1, 1, 1]))
        return [float(one) for one in found]

    assert sets(10) == [9.0, 5.5, 5.5]
    assert sets(30) == [9.0, 15.5, 15.5]
    # No heavier than b, whether together or apart.
    assert sets(1) == [9.0, 1.0, 1.0]


def slow_densities(under: list[set[int]], weight: list[int], work: list[int]) -> list[float]:
    """Return the densities by looking at all sets that may come next."""
    left, found = set(range(len(weight))), [0.0] * len(weight)
    while left:
        best, dense = set[int](), Fraction(-1)
        for count in range(1, len(left) + 1):
            for some in map(set, itertools.combinations(sorted(left), count)):
                if all(under[one] & left <= some for one in some):
                    ratio = Fraction(sum(weight[i] for i in some), sum(work[i] for i in some))
                    if ratio > dense or (ratio == dense and len(some) > len(best)):
                        best, dense = some, ratio
        for one in best:
            found[one] = float(dense)
        left -= best
    return found


@settings(max_examples=60)
@given(st.integers(1, 7), st.integers(0, 10**6))
def test_sets_are_the_densest_that_may_come_next(count: int, seed: int) -> None:
    luck = np.random.default_rng(seed)
    edges = [(f"n{i}", f"n{j}") for i in range(count) for j in range(i) if luck.random() < 0.3]
    problem = strict({f"n{at}": of(1) for at in range(count)}, edges)
    weight, work = (luck.integers(low, 9, count).astype(np.int64) for low in (0, 1))
    arrays = Decoder(problem).arrays
    under = [all_below(problem, task.component) for task in problem.tasks]
    of_task = [task.component for task in problem.tasks]
    tasks_under = [{of_task.index(one) for one in some} for some in under]
    place = np.asarray(arrays.component)
    by_place = [np.zeros(count, np.int64) for _ in range(2)]
    for one, other in zip(by_place, (weight, work), strict=True):
        one[place] = other
    found = densities(arrays, *by_place)[place]
    assert found.tolist() == pytest.approx(
        slow_densities(tasks_under, weight.tolist(), work.tolist())
    )


def test_rules_are_told_on_one_scale() -> None:
    rules = rules_of(Decoder(made("strict", 50)))
    assert len(rules) == 11
    assert rules.mean(axis=1) == pytest.approx(0.0, abs=1e-9)
    assert rules.std(axis=1) == pytest.approx(1.0)


def test_rules_by_which_all_are_alike_are_left_out() -> None:
    # All weigh and last the same: what waits alone makes a difference, and the path.
    problem = strict({"a": of(1), "b": of(1), "c": of(1)}, [("c", "b")])
    # Weight and work that wait, together and per second, and the path; but no ratio of the two.
    assert len(rules_of(Decoder(problem))) == 5
    alike = problem_from(small({"a": of(1), "b": of(1)}))
    assert len(rules_of(Decoder(alike))) == 0
    assert mixed(alike, 10).order.tolist() == [0, 1]


def test_mixtures_are_better_than_every_rule() -> None:
    problem = made("strict", 200, 1001)
    begin = first_lists(Decoder(problem, compiled()))[0].objective_milli
    # 1,500 trials come to 0.92 of it.
    assert mixed(problem, 1500).objective_milli < 0.95 * begin


def test_components_by_themselves_bring_more_than_mixtures_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = made("strict", 200, 1000)
    with_both = mixed(problem, 3000).objective_milli
    monkeypatch.setattr(mixing, "_CHANGED", 1.0)
    # 0.929 and 0.934 of the best list to begin at.
    assert with_both < mixed(problem, 3000).objective_milli


@pytest.mark.parametrize("seed", [0, 7])
def test_equal_seeds_give_equal_mixtures(seed: int) -> None:
    problem = made("strict", 30)
    one, again = (mixed(problem, 200, seed, engine()) for engine in (compiled, uncompiled))
    assert one.order.tolist() == again.order.tolist()


@settings(max_examples=60)
@given(scenarios(max_units=6, probabilities=False), st.integers(0, 9))
def test_mixing_never_makes_it_worse(scenario: dict[str, Any], seed: int) -> None:
    problem = problem_from(scenario)
    if problem.tasks:
        mixed(problem, 20, seed, uncompiled())


def test_what_is_good_enough_ends_it() -> None:
    decoder = Decoder(made("strict", 30), compiled())
    begin = first_lists(decoder)[0]
    asked: list[int] = []

    def enough(objective_milli: int) -> bool:
        asked.append(objective_milli)
        return len(asked) > 3

    Mixer(decoder).mix(begin, 0, Moves(10**9), enough)
    assert len(asked) <= 5


def test_the_fewer_moves_there_are_for_each_task_the_more_is_mixed() -> None:
    # 60 s at 1,000 nodes, 120 s at 10,000, 300 s at 100,000 are about 720, 15 and 0 moves a task.
    assert [share_of_mixing(moves) for moves in (720, 45, 15, 0)] == [0.25, 0.25, 0.75, 1.0]


@pytest.mark.parametrize("moves", [100, 15, 6])
def test_a_search_spends_that_share_on_it(monkeypatch: pytest.MonkeyPatch, moves: int) -> None:
    decoder = Decoder(made("strict", 50, 1000), compiled())
    begins = first_lists(decoder)
    total = len(begins[0].order) * moves
    spent = []

    def mix(
        self: Mixer, begin: Coded, seed: int, span: Moves, ended: object, starts: object
    ) -> Coded:
        assert starts is None
        span.spend(total)
        spent.append(1.0 / span.share())  # of all moves
        return begin

    monkeypatch.setattr(Mixer, "mix", mix)
    effort = Effort(seconds=total, rate=1, by_clock=False)
    tracker = Tracker(begins[0].objective_milli, 0)
    Population(decoder, begins, 0, effort, tracker).search(threads=1)
    # The last three tenths of the moves begin at the best that has been found.
    assert spent == pytest.approx([0.7 * share_of_mixing(moves)] * 2, abs=1 / total)


def test_starts_that_are_likely_are_one_more_rule() -> None:
    decoder = Decoder(made("strict", 50, 1000), compiled())
    begin = first_lists(decoder)[0]
    better = mixed(decoder.problem, 300)
    _, placed = decoder.placed(better.order, better.wanted)
    starts = np.array([placed.start_s, -placed.start_s], np.float64)
    found = Mixer(decoder).mix(begin, 0, Moves(TRIAL_MOVES), never, starts)
    again = decoder.value(decoder.in_order(starts[0]), better.wanted)
    assert found.objective_milli <= again < begin.objective_milli


@pytest.mark.parametrize("by_clock", [True, False])
def test_by_the_clock_a_stream_begins_anew_when_starts_are_known(
    monkeypatch: pytest.MonkeyPatch, by_clock: bool
) -> None:
    decoder = Decoder(made("strict", 50, 1000), compiled())
    begins = first_lists(decoder)
    effort = Effort(seconds=0.1, rate=1000, by_clock=by_clock)
    population = Population(decoder, begins, 0, effort, Tracker(begins[0].objective_milli, 0))
    mixing, known = Event(), Event()
    told = []

    def before() -> None:
        assert mixing.wait(60)
        population.expected_s = np.zeros((1, len(begins[0].order)))
        known.set()

    def mix(
        self: Mixer, begin: Coded, seed: int, span: Span, ended: Ended, starts: Floats | None
    ) -> Coded:
        told.append(starts is not None)
        if starts is None:
            assert not ended(begin.objective_milli)
            mixing.set()
            assert known.wait(60)
            assert ended(begin.objective_milli) == by_clock
        return begin

    monkeypatch.setattr(Mixer, "mix", mix)
    population.search(threads=2, before=before)
    # The second stream without, the first with them; by the clock the second one with them too.
    assert sorted(told) == [False, True, True] if by_clock else [False, True]
