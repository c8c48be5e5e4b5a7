"""Rows: records and row objects hold the same, metrics have one name, the queue has room."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from patchopt.files.events import events_text
from patchopt.model.arrays import EDGE_KINDS
from patchopt.model.events import EventKind
from patchopt.model.metrics import METRICS
from patchopt.simulator.loop.bundles import (
    Fixed,
    State,
    as_rows,
    blank,
    clearing,
    copying,
    dtype_of,
    fill,
    record_of,
    table,
)
from patchopt.simulator.loop.codes import EdgeKind
from patchopt.simulator.loop.compile import compiled, uncompiled
from patchopt.simulator.loop.program import assemble
from patchopt.simulator.loop.rows import EndRow, ServiceRow
from patchopt.simulator.loop.scratch import new_state
from patchopt.simulator.loop.state_rows import GroupState, Measures, StepState
from patchopt.strategies import make_strategy
from support.contract import infrastructure_of
from support.examples import small


def laid_out() -> Fixed:
    scenario = small({"a": {}, "b": {"criticality": 3}}, edges=[("a", "b")])
    infrastructure = infrastructure_of(scenario)
    return assemble(infrastructure, make_strategy("rolling").plan(infrastructure))


def test_measures_are_the_metrics_that_are_counted_by_the_same_names() -> None:
    counted = [metric.name for metric in METRICS if metric.kind in ("exposure", "integer")]
    named = [column.name for column in fields(Measures)]
    assert sorted(named) == sorted([*counted, "abort_code", "abort_step", "abort_detail"])


def test_kinds_of_edges_have_the_numbers_of_the_model() -> None:
    assert {kind.name.lower(): int(kind) for kind in EdgeKind} == EDGE_KINDS


def test_events_have_numbers_without_gaps_and_names_of_their_own() -> None:
    assert sorted(EventKind) == list(range(len(EventKind)))
    told = [{"time": 0, "event": kind.label} for kind in EventKind]
    assert len(set(events_text(told).splitlines())) == len(EventKind)


def test_small_columns_take_little_room() -> None:
    assert dtype_of(EndRow).itemsize == 2 * 4
    assert dtype_of(ServiceRow).itemsize == 2 * 8


def test_a_table_wants_every_column_by_name_and_no_other() -> None:
    made = table(ServiceRow, {"instances": [3, 4], "min_up": [1, 2]})
    assert (made[1].min_up, made[1].instances, len(made)) == (2, 4, 2)
    with pytest.raises(KeyError, match="ServiceRow: \\['instances'\\]"):
        table(ServiceRow, {"min_up": [1]})
    with pytest.raises(KeyError, match="ServiceRow: \\['crew'\\]"):
        table(ServiceRow, {"min_up": [1], "instances": [1], "crew": [1]})


def test_a_record_is_a_view_that_keeps_what_is_written() -> None:
    states = blank(GroupState, 2)
    states[1].new = 7
    assert (states[0].new, states[1].new, states[1].old) == (0, 7, 0)
    alone = record_of(StepState(waits_for=2))
    alone.reason += 4
    assert (alone.waits_for, alone.wait_since_s, alone.reason) == (2, -1, 4)


def test_clearing_goes_back_to_the_defaults_and_copying_takes_every_column() -> None:
    used = StepState(waits_for=3, jobs_left=2, wait_since_s=60, reason=5)
    copy = StepState()
    copying(StepState)(copy, used)
    assert copy == used
    clearing(StepState)(used)
    assert used == StepState(waits_for=0, jobs_left=0, wait_since_s=-1, reason=0)
    assert copy.wait_since_s == 60


def values_of(bundle: Any) -> dict[str, Any]:
    """Return every table of a bundle as lists of tuples, whatever it is made of."""
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(type(bundle)).items():
        given = getattr(bundle, name)
        if isinstance(given, np.ndarray | np.record):
            found[name] = given.tolist()
        elif get_args(hint):
            columns = [column.name for column in fields(get_args(hint)[0])]
            found[name] = [tuple(getattr(row, c) for c in columns) for row in given]
        elif isinstance(given, list):
            found[name] = given
        else:
            found[name] = tuple(getattr(given, column.name) for column in fields(given))
    return found


def test_row_objects_hold_what_the_records_hold() -> None:
    fixed = laid_out()
    assert values_of(as_rows(fixed)) == values_of(fixed)
    state = new_state(fixed, event_capacity=3)
    state.counters.crew = 2
    state.queue[0].subject = 9
    light = as_rows(state)
    assert values_of(light) == values_of(state)
    light.queue[0].time_s = 60
    fill(state.queue, light.queue, 1)
    assert (state.queue[0].time_s, state.queue[0].subject) == (60, 9)


@pytest.mark.parametrize("loop", [compiled, uncompiled])
def test_a_queue_without_room_is_said_and_nothing_is_written_beyond_it(loop: Any) -> None:
    # Two steps of one job each: one entry at a time, so one place is enough and none is not.
    fixed = laid_out()
    seeds, drawn = np.zeros(1, np.uint64), np.zeros((0, len(fixed.releases)), np.int64)
    for room, short in ((1, 0), (0, 1)):
        state: State = new_state(fixed, queue_capacity=room)
        measures = blank(Measures, 1)
        loop()(fixed, state, seeds, drawn, measures)
        assert state.counters.queue_short == short
        assert (measures[0].patched == 2) == (short == 0)


def test_the_queue_has_room_for_all_that_may_come_over_nodes() -> None:
    # One node is patched: a job, a step, and false alarms are 3 entries. The lives of the five
    # others are due too; with repair, each crash makes room for the end of its repair.
    trouble = {"crash": {"mtbf": "1h"}, "repair": "1h"}
    idle: dict[str, Any] = {name: {"patch": None} for name in "bcdef"}
    infrastructure = infrastructure_of(small({"a": {}, **idle}) | {"environment": trouble})
    fixed = assemble(infrastructure, make_strategy("rolling").plan(infrastructure))
    seeds, drawn = np.arange(20, dtype=np.uint64), np.zeros((0, 1), np.int64)
    for state, short in ((new_state(fixed), 0), (new_state(fixed, queue_capacity=3), 1)):
        compiled()(fixed, state, seeds, drawn, blank(Measures, 20))
        assert state.counters.queue_short == short
