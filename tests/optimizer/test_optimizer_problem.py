"""What makes tasks alike, what may be read of them, and their times: no new field is forgotten."""

from __future__ import annotations

from dataclasses import Field, fields, replace
from typing import Any, cast

import numpy as np
import pytest

from patchopt.model.items import Item, items_of
from patchopt.model.windows import WindowSet
from patchopt.optimizer.bounds import latest_commits_s
from patchopt.optimizer.cp_sat import Model
from patchopt.optimizer.fluid import fluid_bound_milli
from patchopt.optimizer.list_scheduling import list_schedule
from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.problem import WHICH, Mode, Problem, Task, alike, problem_of
from patchopt.optimizer.scaling import in_units, time_unit_s
from patchopt.optimizer.solve import _search
from support.contract import infrastructure_of
from support.examples import small

ALWAYS = WindowSet.of(None)


def item(node: int) -> Item:
    infrastructure = infrastructure_of(small({"a": {}, "b": {}, "c": {}}))
    return items_of(infrastructure).placed[node]


def task(node: int, **changes: Any) -> Task:
    """Make a task of weight 1000 and length 2, patched on resource 0 or built on resource 1."""
    patch = Mode(action="patch", commit_s=2, demands=((0, 1),), surge=0)
    build = Mode(action="build", commit_s=2, demands=((1, 1),), surge=1)
    made = Task(
        item=item(node), component=node, weight_milli=1000, size=1, length_s=2, modes=(patch, build)
    )
    return replace(made, **changes)


def problem(*tasks: Task, **changes: Any) -> Problem:
    made = Problem(
        tasks=tasks,
        capacities=(1, 1),
        surge=-1,
        overhead_s=0,
        windows=ALWAYS,
        dependencies={},
        skipped_weight_milli=0,
    )
    return replace(made, **changes)


def another(value: Any) -> Any:
    """Return another value of the same kind; a kind that is not here wants a line of its own."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return {"patch": "build", "build": "patch"}[value]
    assert isinstance(value, tuple), f"how can {value!r} differ?"
    return value[1:]


# Alike ---------------------------------------------------------------------------------


def test_tasks_that_differ_only_in_which_they_are_are_alike() -> None:
    assert alike(problem(task(0), task(1), task(2, weight_milli=5))) == [[0, 1]]
    assert {field.name for field in fields(Task)} > WHICH == {"item", "component"}


@pytest.mark.parametrize(
    "field", [f for f in fields(Task) if f.name not in WHICH], ids=lambda field: field.name
)
def test_whatever_else_differs_makes_tasks_unlike(field: Field[Any]) -> None:
    first = task(0)
    other = task(1, **{field.name: another(getattr(first, field.name))})
    assert alike(problem(first, other)) == []


@pytest.mark.parametrize("field", fields(Mode), ids=lambda field: field.name)
def test_whatever_differs_in_a_mode_makes_tasks_unlike(field: Field[Any]) -> None:
    first = task(0)
    mode = replace(first.modes[0], **{field.name: another(getattr(first.modes[0], field.name))})
    other = task(1, modes=(mode, *first.modes[1:]))
    assert alike(problem(first, other)) == []


def test_nothing_in_a_problem_but_tasks_and_dependencies_tells_tasks_apart() -> None:
    # A new field that names tasks belongs into what makes them alike, then here.
    neutral = {"capacities", "surge", "overhead_s", "windows", "skipped_weight_milli"}
    neutral |= {"crew", "services"}
    neutral |= {"resource_names", "task_names"}  # names constrain nothing
    assert {field.name for field in fields(Problem)} - neutral == {"tasks", "dependencies"}


def test_places_in_the_dependency_order_tell_tasks_apart() -> None:
    # 0 and 1 both depend on 2 and nobody on them; 2 is below.
    low = {0: (2,), 1: (2,), 2: ()}
    assert alike(problem(task(0), task(1), task(2), dependencies=low)) == [[0, 1]]
    # 1 has a user of its own now.
    assert alike(problem(task(0), task(1), task(2), dependencies=low | {3: (1,)})) == []
    # In one component with others a task is like those alone.
    both = [task(0), task(1, component=0), task(2, component=1)]
    assert alike(problem(*both, dependencies={0: (), 1: ()})) == [[0, 1]]


class Unreadable:
    """An item of which nothing may be read."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a constraint or a bound reads {name} of an item")


def test_constraints_bounds_and_the_objective_read_nothing_of_an_item() -> None:
    scenario = small(
        {
            "a": {"service": "s", "replicas": 3},
            "b": {"type": "host", "criticality": 2},
            "c": {"host": "b"},
        },
        incompatible=[("a-1", "a-2")],
        min_up={"s": 0},
        max_parallel=2,
        surge=1,
        step_overhead=1,
        windows={"every": 100, "open": [{"start": 5, "duration": 60}]},
        edges=[("c", "s")],
        dependency_order="strict",
    )
    infrastructure = infrastructure_of(scenario)
    made = problem_of(infrastructure, items_of(infrastructure))
    schedule = list_schedule(made)
    blank = cast("Item", Unreadable())
    bare = replace(made, tasks=tuple(replace(each, item=blank) for each in made.tasks))
    known = replace(schedule, problem=bare)
    assert known.objective_milli == schedule.objective_milli
    assert fluid_bound_milli(bare) == fluid_bound_milli(made)
    assert latest_commits_s(bare, 10**9) == latest_commits_s(made, 10**9)
    assert alike(bare) == alike(made)
    assert str(Model(bare, known).cp.proto) == str(Model(made, schedule).cp.proto)
    assert time_unit_s(in_units(bare, 1)) == time_unit_s(made)


def test_what_a_build_alone_takes_is_taken() -> None:
    # One is patched, one is built, by 2; the third waits for either resource: 2 + 2 + 4.
    crowd = problem(task(0), task(1), task(2))
    proof = OptimizerParameters(time_limit=10, workers=1, deterministic=True)
    found = _search(crowd, proof, None)
    assert (found.schedule.objective_milli, found.bound_milli) == (8000, 8000)


# Times ---------------------------------------------------------------------------------

#: All times are multiples of six, and no larger number divides them all.
TIMED = problem(
    task(0, length_s=12, modes=(Mode(action="patch", commit_s=12, demands=((0, 6),), surge=6),)),
    overhead_s=6,
    capacities=(6,),
    surge=6,
    windows=WindowSet(period_s=60, starts_s=np.array([6]), lengths_s=np.array([18])),
)


def rows(made: Problem) -> list[Any]:
    return [made, made.windows, made.tasks[0], made.tasks[0].modes[0]]


def test_every_field_in_seconds_is_divided_and_nothing_else() -> None:
    assert time_unit_s(TIMED) == 6
    for before, after in zip(rows(TIMED), rows(in_units(TIMED, 6)), strict=True):
        for field in fields(before):
            if field.name in ("tasks", "modes", "windows"):
                continue
            old, new = getattr(before, field.name), getattr(after, field.name)
            assert np.all(new == old // 6 if field.name.endswith("_s") else new == old)


@pytest.mark.parametrize("at", range(4), ids=["problem", "windows", "task", "mode"])
def test_every_field_in_seconds_counts_for_the_unit(at: int) -> None:
    names = [f.name for f in fields(rows(TIMED)[at]) if f.name.endswith("_s")]
    assert names
    for name in names:
        changed = replace(rows(TIMED)[at], **{name: getattr(rows(TIMED)[at], name) + 1})
        first = TIMED.tasks[0]
        made = [
            changed,
            replace(TIMED, windows=changed),
            replace(TIMED, tasks=(changed,)),
            replace(TIMED, tasks=(replace(first, modes=(changed,)),)),
        ][at]
        assert time_unit_s(made) == 1, name
