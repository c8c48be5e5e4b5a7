"""Packing before closings: never worse, room kept second by second, pairs as good as can be."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.compiling.plain import compiled_module
from patchopt.generate import instance
from patchopt.generate.factors import FAMILIES
from patchopt.model.build import build_infrastructure
from patchopt.model.items import items_of
from patchopt.optimizer.bounds.grid import Window
from patchopt.optimizer.closings.bins import Bins
from patchopt.optimizer.closings.iterating import value_of
from patchopt.optimizer.closings.packer import Packer, packable
from patchopt.optimizer.closings.packing import Packing, fleet_of, packing_of
from patchopt.optimizer.closings.pairs import new_shares
from patchopt.optimizer.closings.room import Room, taken
from patchopt.optimizer.closings.waiting import waiting_costs
from patchopt.optimizer.decoder import Decoder, Places
from patchopt.optimizer.decoding.arrays import BUILT
from patchopt.optimizer.engine import compiled, uncompiled
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.progress import Tracker
from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.effort import Effort, Moves
from patchopt.optimizer.search.luck import new_luck
from patchopt.optimizer.search.population import Population
from patchopt.optimizer.search_and_prove import first_lists
from support.examples import small
from support.lists import problem_from

if TYPE_CHECKING:
    from patchopt.model.base import Ints
    from patchopt.optimizer.engine import Engine

filling = compiled_module("patchopt.optimizer", "closings.filling")
pairs = compiled_module("patchopt.optimizer", "closings.pairs")

#: A crew of so many works in hours with hours between.
NODES = 60
OPEN_S = 3600


def made(seed: int, *, nodes: int = NODES, warm: bool = False) -> Problem:
    family = replace(FAMILIES["windows"], nodes=nodes, window_s=OPEN_S)
    if warm:
        family = replace(family, warmup_s=(10, 300), overhead_s=(5, 60))
    infrastructure = build_infrastructure(instance(family, seed))
    return problem_of(infrastructure, items_of(infrastructure))


def packed(decoder: Decoder, begin: Coded, seed: int = 1, moves: int = 200) -> Coded:
    return Packer(decoder).pack(begin, seed, Moves(moves), 5 * NODES, lambda: False)


class Begun(NamedTuple):
    """A packing of the first closing of an instance, with its tasks in bins."""

    decoder: Decoder
    placed: Places
    packing: Packing


def begun(seed: int, *, warm: bool = False) -> Begun:
    decoder = Decoder(made(seed, warm=warm), compiled())
    first = first_lists(decoder)[0]
    _, placed = decoder.placed(first.order, first.wanted)
    ahead = [Window(day * 86_400, day * 86_400 + OPEN_S) for day in range(8)]
    packing = packing_of(decoder, fleet_of(decoder), placed, ahead, 0)
    assert packing is not None
    state = packing.bins, packing.uses, packing.trial
    filling.begin(decoder.arrays, *state, packing.first)
    return Begun(decoder, placed, packing)


def inside(bins: Bins) -> list[list[int]]:
    return [
        [bins.inside[one * bins.most + place] for place in range(bins.held[one])]
        for one in range(len(bins.begin_s))
    ]


def check(known: Begun) -> None:
    """Look at all that must hold of bins, by plain means."""
    decoder, (bins, uses, _, first, head, ends, waiting) = known.decoder, known.packing
    arrays, total = decoder.arrays, 0.0
    found = inside(bins)
    members = [task for tasks in found for task in tasks]
    assert len(members) == len(set(members))
    assert {task for task in first.tolist() if bins.bin_of[task] >= 0} == set(members)
    used = [(one.task, one.mode, one.start_s) for one in ends]
    for number, tasks in enumerate(found):
        now, ratios = bins.begin_s[number], [bins.ratio[task] for task in tasks]
        assert ratios == sorted(ratios, reverse=True)
        for task in tasks:
            mode = bins.mode[task]
            assert bins.start_s[task] == now
            assert arrays.commit_s[2 * task + mode] >= 0
            total += arrays.weight_milli[task] * (now + arrays.commit_s[2 * task + mode])
            now += arrays.length_s[task]
            over_s = arrays.overhead_s if mode == BUILT else 0
            assert now + over_s <= bins.end_s[number]
            used.append((task, mode, bins.start_s[task]))
    total += sum(waiting.cost[task] for task in first.tolist() if bins.bin_of[task] < 0)
    assert value_of(bins, first) == pytest.approx(total, rel=1e-12)
    # All that is used, from nothing.
    _, fixed = decoder.placed(head, known.placed.mode)
    short = np.asarray(uses.row) >= 0
    room = Room(arrays, short, (0, OPEN_S), head, fixed)
    for task, mode, start_s in used:
        over_s = arrays.overhead_s if mode == BUILT else 0
        room.take(task, mode, start_s, arrays.length_s[task] + over_s)
    assert np.array_equal(np.asarray(room.uses.used), np.asarray(uses.used))
    for resource in np.flatnonzero(short).tolist():
        row = np.asarray(uses.used)[uses.row[resource] :][:OPEN_S]
        assert row.max() <= arrays.capacity[resource]


def test_two_places_are_filled_to_the_closing() -> None:
    # A crew of two, open for 100 s a day; 60 40 and 50 50 fill both places. By weight per second 40
    # and 50 start first, then 50 behind 40; 60 fits behind neither and waits for a day.
    length = {"a": 60, "b": 50, "c": 50, "d": 40}
    nodes: dict[str, Any] = {
        name: {"patch_with": {"duration": seconds}, "criticality": 10, "blue_green": False}
        for name, seconds in length.items()
    }
    nodes |= {"e": {"patch_with": {"duration": 60}, "criticality": 1, "blue_green": False}}
    nights = {"every": 86_400, "open": [{"start": 0, "duration": 100}]}
    problem = problem_from(small(nodes, max_parallel=2, windows=nights))
    decoder = Decoder(problem, uncompiled())
    order, free = np.array([3, 1, 2, 0, 4]), np.full(5, -1)
    begin = Coded(decoder.value(order, free), order, free)
    found = packed(decoder, begin)
    schedule = decoder.schedule(found.order, found.wanted)
    ends = sorted(schedule.end_s(placed) for placed in schedule.placements)
    assert ends[2:] == [100, 100, 86_460]
    before = decoder.schedule(order)
    assert max(before.end_s(placed) for placed in before.placements[:4]) > 86_400


def test_what_waits_is_priced_as_a_fluid() -> None:
    # One place, three tasks of 10 s, of which two fit behind one another in the 15 s of a day, and
    # half of the second waits for the next. The first starts at 100, ends at 110: 3 x 110; 10 s
    # later start 2 + 1, and 10 s of the task at the closing, worth 0.2 a second, 85 s later.
    weight, work = np.array([3.0, 2.0, 1.0]), np.full(3, 10.0)
    ahead = [Window(at, at + 15) for at in (0, 100, 200, 300)]
    waiting = waiting_costs(1, weight, work, work, np.arange(3), ahead)
    assert waiting.cost[0] == pytest.approx(3 * 110 + 10 * 3 + 10 * 0.2 * 85)
    # The second: from 110 on, ending at 120 as a fluid; behind it 1, and the closing's share.
    assert waiting.cost[1] == pytest.approx(2 * 120 + 10 * 1 + 10 * 0.2 * 85)
    assert waiting.cost[2] == pytest.approx(1 * 215)
    # A second lost: all three start later, and what is worth most waits from 15 to 100.
    assert waiting.second == pytest.approx(6 + 0.3 * 85 + 0.2 * 85)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 10_000), st.booleans())
def test_packing_is_never_worse_and_always_the_same(seed: int, warm: bool) -> None:
    problem = made(seed, warm=warm)
    assert packable(problem)
    decoder = Decoder(problem, compiled())
    first = first_lists(decoder)[0]
    found = packed(decoder, first, seed)
    assert found.objective_milli <= first.objective_milli
    assert decoder.value(found.order, found.wanted) == found.objective_milli
    again = packed(decoder, first, seed)
    assert (again.order.tolist(), again.wanted.tolist()) == (
        found.order.tolist(),
        found.wanted.tolist(),
    )


@pytest.mark.slow
def test_packing_gains_what_lists_leave_idle() -> None:
    gains = []
    for seed in range(6):
        decoder = Decoder(made(seed), compiled())
        first = first_lists(decoder)[0]
        gains.append(1 - packed(decoder, first).objective_milli / first.objective_milli)
    assert min(gains) >= 0
    assert sum(gains) / len(gains) > 0.01


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([0.0, 1e5, 1e7]))
def test_bins_stay_in_order(seed: int, warm: bool, scattered: float) -> None:
    known = begun(seed, warm=warm)
    arrays, packing, luck = known.decoder.arrays, known.packing, new_luck(seed)
    state = arrays, packing.bins, packing.uses, packing.trial
    filling.fill(*state, luck, 0, 1.0, 0.0)
    check(known)
    for hot in (10.0, 1.0, 0.1):
        filling.fill(*state, luck, 2000, hot * packing.waiting.second, scattered)
        filling.fill(*state, luck, 0, 1.0, 0.0)
        check(known)
    before = value_of(packing.bins, packing.first)
    made_better = pairs.repack(*state, new_shares(), luck, 2000)
    check(known)
    after = value_of(packing.bins, packing.first)
    assert after < before if made_better else after == before


def best_of_pairs(known: Begun, one: int, two: int, more: tuple[int, ...]) -> float:
    """Return the least cost of the tasks of two bins and some more, by trying all ways."""
    arrays, bins = known.decoder.arrays, known.packing.bins
    tasks = sorted(
        [*inside(bins)[one], *inside(bins)[two], *more], key=lambda task: -bins.ratio[task]
    )
    best = float("inf")
    for choice in itertools.product((0, 1, 2), repeat=len(tasks)):
        if choice.count(2) > 3:
            continue
        now, cost, fits = [bins.begin_s[one], bins.begin_s[two]], 0.0, True
        ends = [bins.end_s[one], bins.end_s[two]]
        for task, side in zip(tasks, choice, strict=True):
            if side == 2:
                cost += bins.later[task]
                continue
            commit = now[side] + arrays.commit_s[2 * task + bins.mode[task]]
            cost += arrays.weight_milli[task] * commit
            now[side] += arrays.length_s[task]
            fits &= now[side] + (arrays.overhead_s if bins.mode[task] else 0) <= ends[side]
        best = min(best, cost if fits else best)
    return best


@pytest.mark.slow
def test_no_pair_of_bins_can_be_packed_better() -> None:
    """Where nothing but the crew is short, what `repack` leaves is the best of each pair."""
    known = begun(3)
    packing = known.packing
    bins: Bins = packing.bins
    uses = packing.uses._replace(row=np.full(len(packing.uses.row), -1))
    luck, state = new_luck(7), (known.decoder.arrays, bins, uses, packing.trial)
    for _ in range(50):
        if pairs.repack(*state, new_shares(), luck, 20_000) == 0:
            break
    waits = [task for task in packing.first.tolist() if bins.bin_of[task] < 0]
    looked = 0
    for one, two in itertools.combinations(range(len(bins.begin_s)), 2):
        for more in ((), *itertools.combinations(waits[:6], 2)):
            tasks = [*inside(bins)[one], *inside(bins)[two]]
            if len(tasks) + 2 > 9:
                continue
            now = sum(bins.later[task] for task in more)
            for task in tasks:
                commit = (
                    bins.start_s[task] + known.decoder.arrays.commit_s[2 * task + bins.mode[task]]
                )
                now += known.decoder.arrays.weight_milli[task] * commit
            assert best_of_pairs(known, one, two, more) >= now - 0.5
            looked += 1
    assert looked > 30


@pytest.mark.slow
def test_streams_that_pack_side_by_side_find_what_they_find_by_turns() -> None:
    decoder = Decoder(made(1, nodes=700), compiled())
    begins = first_lists(decoder)
    found = []
    for threads in (1, 2, 2):
        tracker = Tracker(begins[0].objective_milli, 0)
        effort = Effort(seconds=100, rate=20, by_clock=False)
        population = Population(decoder, begins, 0, effort, tracker)
        assert not population.search(threads)
        best = population.best
        assert decoder.value(best.order, best.wanted) == best.objective_milli
        found.append((best.objective_milli, best.order.tolist(), best.wanted.tolist()))
    assert found[0] == found[1] == found[2]
    assert found[0][0] < begins[0].objective_milli


@pytest.mark.slow
def test_plain_and_compiled_code_pack_the_same() -> None:
    def of(engine: Engine) -> tuple[int, Ints, Ints]:
        decoder = Decoder(made(5, nodes=40), engine)
        first = first_lists(decoder)[0]
        found = Packer(decoder).pack(first, 2, Moves(20), 20, lambda: False)
        assert found.objective_milli < first.objective_milli
        return found.objective_milli, found.order, found.wanted

    plain, quick = of(uncompiled()), of(compiled())
    assert plain[0] == quick[0]
    assert plain[1].tolist() == quick[1].tolist()
    assert plain[2].tolist() == quick[2].tolist()


def test_surge_is_taken_beside_what_work_in_place_takes() -> None:
    decoder = Decoder(made(1), uncompiled())
    arrays = decoder.arrays
    task = next(task for task in range(len(arrays.slots)) if arrays.commit_s[2 * task + 1] >= 0)
    assert (arrays.surge, arrays.slots[task]) in taken(arrays, task, BUILT)
    assert arrays.surge not in dict(taken(arrays, task, 0))
