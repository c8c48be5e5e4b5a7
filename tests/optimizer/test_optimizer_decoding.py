"""Compiled decoding of lists: as the slow one, second by second, on whatever problem."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.compiling.plain import plain_module
from patchopt.optimizer import engine
from patchopt.optimizer.decoding.arrays import arrays_of, schedule_of
from patchopt.optimizer.decoding.lists import decode, new_placed, new_profiles
from patchopt.optimizer.decoding.resuming import new_copies
from support.contract import infrastructure_of
from support.examples import small
from support.generate import scenarios
from support.lists import ints, problem_from, some_list, some_modes
from support.slow_decoding import SlowDecoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchopt.model.items import OnInfeasible
    from patchopt.optimizer.problem import Problem

ANY = settings(max_examples=500)
RESUMING = plain_module("patchopt.optimizer", engine.JITTED, "decoding.resuming")


def by_hand(scenario: Mapping[str, Any], *names: str) -> list[tuple[int, int]]:
    """Decode tasks in an order of their first nodes; return the start and commit of each."""
    problem = problem_from(scenario)
    infrastructure = infrastructure_of(scenario)
    numbers = {
        infrastructure.nodes.ids[task.item.nodes[0]]: at for at, task in enumerate(problem.tasks)
    }
    arrays = arrays_of(problem)
    placed = new_placed(arrays)
    order = np.array([numbers[name] for name in names], np.int64)
    decode(arrays, new_profiles(arrays), order, np.full(len(names), -1, np.int64), placed)
    return [(int(placed.start_s[at]), int(placed.commit_s[at])) for at in order]


def test_what_comes_later_in_the_list_may_start_earlier() -> None:
    # One place on each of two services; crew of two: a 0-2, b waits for a, c goes beside a.
    fixed = {"blue_green": False}
    nodes = {
        "a": fixed | {"service": "s"},
        "b": fixed | {"service": "s"},
        "c": fixed | {"service": "t"},
        "d": fixed | {"service": "t"},
    }
    scenario = small(nodes, max_parallel=2, min_up={"s": 1, "t": 1})
    assert by_hand(scenario, "a", "b", "c", "d") == [(0, 2), (2, 4), (0, 2), (2, 4)]


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("on_infeasible", ["downtime", "skip"])
def test_as_second_by_second(on_infeasible: OnInfeasible) -> None:
    seen: set[str] = set()

    @ANY
    @given(scenarios(max_duration=20), st.integers(0, 2**31))
    def law(scenario: dict[str, Any], seed: int) -> None:
        problem = problem_from(scenario, on_infeasible)
        luck = Random(seed)  # noqa: S311 - luck, no secret
        order, wanted = some_list(problem, luck), some_modes(problem, luck)
        slow = SlowDecoder(problem)
        expected = slow.decode(order, wanted)
        arrays = arrays_of(problem)
        placed = new_placed(arrays)
        lists = np.array(order, np.int64), np.array(wanted, np.int64)
        objective = decode(arrays, new_profiles(arrays), *lists, placed)
        found = {
            at: (
                int(placed.start_s[at]),
                ("patch", "build")[placed.mode[at]],
                int(placed.commit_s[at]),
                int(placed.end_s[at]),
            )
            for at in order
        }
        assert found == expected
        schedule = schedule_of(problem, placed.mode, placed.start_s, placed.switch_s)
        assert objective == slow.objective() == schedule.objective_milli
        seen.update(what for what, is_there in features_of(problem).items() if is_there)

    law()
    assert seen >= {"order", "windows", "surge", "overhead", "crew", "both modes", "warm-up"}


@pytest.mark.slow
@pytest.mark.no_cover
def test_from_a_place_on_as_from_the_beginning() -> None:
    @ANY
    @given(scenarios(max_duration=20, max_patched=24), st.integers(0, 2**31))
    def law(scenario: dict[str, Any], seed: int) -> None:
        problem = problem_from(scenario)
        if not problem.tasks:
            return
        luck = Random(seed)  # noqa: S311 - luck, no secret
        arrays = arrays_of(problem)
        profiles, copies = new_profiles(arrays), new_copies(arrays)
        order, wanted = np.array(some_list(problem, luck)), np.array(some_modes(problem, luck))
        placed = new_placed(arrays)
        decode(arrays, profiles, order, wanted, placed)
        RESUMING.keep_from(arrays, profiles, copies, order, placed, 0)
        for _ in range(4):
            first = luck.randrange(len(order))
            changed = order.copy()
            changed[first:] = [one for one in some_list(problem, luck) if one in order[first:]]
            wanted = np.array(some_modes(problem, luck))
            wanted[order[:first]] = ints(placed.mode)[order[:first]]
            RESUMING.return_to(arrays, profiles, copies, order, placed, first)
            for task in changed[first:]:
                engine.uncompiled().lists.place_task(arrays, profiles, placed, task, wanted[task])
            RESUMING.keep_from(arrays, profiles, copies, changed, placed, first)
            order = changed
            whole = new_placed(arrays)
            again = new_profiles(arrays)
            decode(arrays, again, order, wanted, whole)
            for found, expected in zip(placed, whole, strict=True):
                assert ints(found).tolist() == ints(expected).tolist()
            for resource in range(len(arrays.capacity)):
                count = again.segments[resource]
                assert profiles.segments[resource] == count
                own = slice(arrays.room[resource], arrays.room[resource] + count)
                for found, expected in ((profiles.times, again.times), (profiles.used, again.used)):
                    assert ints(found)[own].tolist() == ints(expected)[own].tolist()

    law()


def features_of(problem: Problem) -> dict[str, bool]:
    modes = [(task, mode) for task in problem.tasks for mode in task.modes]
    return {
        "order": any(problem.dependencies.values()),
        "windows": problem.windows.period_s > 0,
        "surge": problem.surge > 0,
        "overhead": problem.overhead_s > 0,
        "crew": problem.crew is not None,
        "both modes": any(len(task.modes) == 2 for task in problem.tasks),
        "warm-up": any(m.action == "patch" and m.commit_s < t.length_s for t, m in modes),
    }
