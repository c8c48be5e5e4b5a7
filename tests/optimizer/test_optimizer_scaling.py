"""Time in a larger unit, by hand: nothing but the unit changes."""

from __future__ import annotations

from patchopt.model.items import items_of
from patchopt.optimizer.problem import Problem, problem_of
from patchopt.optimizer.scaling import in_seconds, in_units, time_unit_s
from patchopt.optimizer.schedule import Placement, Schedule
from support.contract import infrastructure_of
from support.examples import small


def problem(first_s: int = 8, opens_s: int = 4) -> Problem:
    """Return two tasks of 8 and 12 s, each after an overhead of 4 s, inside windows."""
    infrastructure = infrastructure_of(
        small(
            {"a": {"patch_with": {"duration": first_s}}, "b": {"patch_with": {"duration": 12}}},
            step_overhead=4,
            windows={"every": 40, "open": [{"start": opens_s, "duration": 16}]},
        )
    )
    return problem_of(infrastructure, items_of(infrastructure))


def test_the_unit_divides_every_length() -> None:
    # Lengths and commits 12 and 16, overhead 4, windows 40, 4, 16.
    assert time_unit_s(problem()) == 4
    assert time_unit_s(problem(first_s=10)) == 2
    assert time_unit_s(problem(first_s=9)) == 1
    assert time_unit_s(problem(opens_s=6)) == 2


def test_all_times_are_counted_in_the_unit() -> None:
    found = in_units(problem(), 4)
    assert found.overhead_s == 1
    assert [task.length_s for task in found.tasks] == [3, 4]
    # In place after 12 and 16 s; a copy after its switch, which has an overhead too.
    assert [[mode.commit_s for mode in task.modes] for task in found.tasks] == [[3, 4], [4, 5]]
    windows = found.windows
    assert (windows.period_s, windows.starts_s.tolist(), windows.lengths_s.tolist()) == (
        10,
        [1],
        [4],
    )


def test_a_schedule_comes_back_in_seconds() -> None:
    whole = problem()
    placed = tuple(
        Placement(task=task, mode=0, start_s=start, switch_s=switch)
        for task, start, switch in ((0, 1, 4), (1, 11, 15))
    )
    divided = Schedule(in_units(whole, 4), placed)
    found = in_seconds(whole, divided, 4)
    assert found.problem is whole
    assert [(each.start_s, each.switch_s) for each in found.placements] == [(4, 16), (44, 60)]
    assert [(each.task, each.mode) for each in found.placements] == [(0, 0), (1, 0)]
