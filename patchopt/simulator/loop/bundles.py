"""Bundles of tables that the event loop works on, for compiled code and as plain Python.

`Fixed` is what a plan on an infrastructure fixes, `State` what a replication changes.
For compiled code a table is a NumPy array of records, whose dtype follows from the
annotations of its row class (`rows`), and a single row is a record; for the plain loop
they are lists of row objects and row objects. Type checkers see the latter, so that they
know every column. Compiled functions are inlined into one another: a bundle costs nothing
to pass on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import (
    Any,
    Final,
    Generic,
    NamedTuple,
    Protocol,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
)

import numpy as np

from patchopt.model.windows import Numbers
from patchopt.simulator.loop import rows, state_rows

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Rows(Protocol[R_co]):
    """A table: rows by number, each to be read and written."""

    def __getitem__(self, place: int, /) -> R_co:
        """Return a row."""

    def __len__(self) -> int:
        """Return the number of rows."""


class Fixed(NamedTuple):
    """What a plan on an infrastructure fixes."""

    limits: rows.LimitsRow
    nodes: Rows[rows.NodeRow]
    spreads: Rows[rows.SpreadRow]
    steps: Rows[rows.StepRow]
    jobs: Rows[rows.JobRow]
    services: Rows[rows.ServiceRow]
    edges: Numbers  # the kind of each
    groups: Rows[rows.GroupRow]
    ends: Rows[rows.EndRow]
    units: Rows[rows.UnitRow]
    components: Rows[rows.ComponentRow]
    releases: Rows[rows.ReleaseRow]
    window_starts_s: Numbers
    window_lengths_s: Numbers
    pool: Numbers


class State(NamedTuple):
    """What a replication changes."""

    measures: state_rows.Measures
    counters: state_rows.Counters
    nodes: Rows[state_rows.NodeState]
    troubles: Rows[state_rows.TroubleState]  # of nodes; no rows if nothing but draws can go wrong
    steps: Rows[state_rows.StepState]
    jobs: Rows[state_rows.JobState]
    services: Rows[state_rows.ServiceState]
    edges: Numbers  # 1 while mixed
    groups: Rows[state_rows.GroupState]
    dirty: Numbers  # of groups: 1 while its edges are to be judged
    units: Numbers  # members that have not committed
    components: Rows[state_rows.ComponentState]
    releases: Rows[state_rows.ReleaseState]
    defective: Numbers  # of releases
    queue: Rows[state_rows.Due]
    ready: Numbers
    pending: Numbers  # jobs
    gates: Numbers  # pauses
    dirty_services: Numbers
    dirty_groups: Numbers
    stack: Numbers
    rollbacks: Numbers
    events: Rows[state_rows.EventRow]
    interrupt: Numbers  # one number; 1 from outside: the run is to end at once


# From rows to records ---------------------------------------------------------------------

_COLUMN_TYPES = {int: np.int64, float: np.float64}
#: Made once: to look at annotations takes longer than to run a small plan.
_DTYPES: Final[dict[type[Any], np.dtype[Any]]] = {}


def dtype_of(row: type[Any]) -> np.dtype[Any]:
    """Return the dtype of a table's records: a field a column, in the order of the row class.

    Examples
    --------
    >>> dtype_of(rows.EndRow).names, dtype_of(rows.EndRow).itemsize
    (('edge', 'other'), 8)
    """
    if row not in _DTYPES:
        hints = get_type_hints(row, include_extras=True)
        columns = [(name, _column_type(hints[name])) for name in _names(row)]
        _DTYPES[row] = np.dtype((np.record, columns))
    return _DTYPES[row]


def _names(row: type[Any]) -> list[str]:
    return [column.name for column in fields(row)]


def _column_type(hint: Any) -> Any:
    return get_args(hint)[1] if get_args(hint) else _COLUMN_TYPES[hint]


def blank(row: type[R], count: int) -> Rows[R]:
    """Return a table of zeros."""
    return cast("Rows[R]", np.zeros(count, dtype_of(row)))


def table(row: type[R], columns: dict[str, Any]) -> Rows[R]:
    """Return a table of columns by name.

    Raises
    ------
    KeyError
        If a column is missing or unknown.
    """
    names = dtype_of(row).names or ()
    if set(names) != set(columns):
        raise KeyError(f"{row.__name__}: {sorted(set(names) ^ set(columns))}")
    made = np.zeros(len(columns[names[0]]), dtype_of(row))
    for name in names:
        made[name] = columns[name]
    return cast("Rows[R]", made)


def table_of(row: type[R], rows: Sequence[R]) -> Rows[R]:
    """Return a table of row objects."""
    made = np.zeros(len(rows), dtype_of(row))
    fill(cast("Rows[R]", made), rows, len(rows))
    return cast("Rows[R]", made)


def record_of(row: R) -> R:
    """Return a row object as a record."""
    return table_of(type(row), [row])[0]


def fill(table: Rows[R], rows: Rows[R], count: int) -> None:
    """Put the first row objects into a table of records."""
    records = cast("Any", table)
    take = attrgetter(*records.dtype.names)
    records[:count] = np.array([take(rows[place]) for place in range(count)], records.dtype)


def clearing(row: type[R]) -> Callable[[R], None]:
    """Return a function that puts a row back to its defaults.

    It is written out, an assignment a column, since compiled code can only name columns.
    """
    lines = [f"    row.{column.name} = {column.default}" for column in fields(cast("Any", row))]
    return cast("Callable[[R], None]", _written(f"clear_{row.__name__}", "row", lines))


def copying(row: type[R]) -> Callable[[R, R], None]:
    """Return a function that copies all columns from the second row to the first."""
    lines = [f"    to.{column.name} = row.{column.name}" for column in fields(cast("Any", row))]
    return cast("Callable[[R, R], None]", _written(f"copy_{row.__name__}", "to, row", lines))


def _written(name: str, parameters: str, lines: list[str]) -> object:
    source = "\n".join([f"def {name}({parameters}):", *lines])
    made: dict[str, Any] = {}
    exec(source, made)  # noqa: S102 - as dataclasses do; names and numbers are those of `rows`
    return made[name]


# From records to rows ---------------------------------------------------------------------

B = TypeVar("B", Fixed, State)


class OnDemand(Generic[R]):
    """A table in which a row is made when it is first reached: most events never are."""

    def __init__(self, row: Callable[[], R], count: int) -> None:
        self._row, self._count = row, count
        self._made: dict[int, R] = {}

    def __getitem__(self, place: int) -> R:
        """Return a row."""
        if not 0 <= place < self._count:
            raise IndexError(place)
        if place not in self._made:
            self._made[place] = self._row()
        return self._made[place]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count


_HINTS: Final = {bundle: get_type_hints(bundle) for bundle in (Fixed, State)}


def as_rows(bundle: B) -> B:
    """Return a bundle of arrays as one of lists, for the plain loop. Linear in its size."""
    hints = _HINTS[type(bundle)]
    return type(bundle)(
        **{name: _as_rows(hints[name], values) for name, values in bundle._asdict().items()}
    )


def _as_rows(hint: Any, values: Any) -> Any:
    if hint is Numbers:
        return values.tolist()
    if hint == Rows[state_rows.EventRow]:
        return OnDemand(state_rows.EventRow, len(values))
    if not get_args(hint):
        return hint(**dict(zip(_names(hint), values.tolist(), strict=True)))
    (row,) = get_args(hint)
    names = _names(row)
    return [row(**dict(zip(names, each, strict=True))) for each in values.tolist()]
