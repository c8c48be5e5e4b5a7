"""``metrics.csv``: one row a replication, exposures to the last digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from patchopt.files.plain_text import csv_cell
from patchopt.model.metrics import METRICS, Kind


class Replications(Protocol):
    """What a simulation gives, as far as the table needs it."""

    @property
    def scenario(self) -> str:
        """Name of the scenario."""

    @property
    def strategy(self) -> str:
        """Name of the strategy."""

    @property
    def seed(self) -> int:
        """Seed of all replications."""

    @property
    def replications(self) -> NDArray[np.int64]:
        """Number of each replication, shape (replications,)."""

    @property
    def columns(self) -> Mapping[str, NDArray[np.generic]]:
        """Metric to values of shape (replications,); exposures in milli-weight-seconds."""


def exact_thousandths(value: int) -> str:
    """Write thousandths as a number with three decimals, without a float in between.

    Examples
    --------
    >>> exact_thousandths(9007199254740993), exact_thousandths(-5)
    ('9007199254740.993', '-0.005')
    """
    whole, rest = divmod(abs(value), 1000)
    return f"{'-' if value < 0 else ''}{whole}.{rest:03d}"


def metrics_csv_text(outcome: Replications) -> str:
    """Return replications as CSV text.

    Parameters
    ----------
    outcome : Replications
        An `Outcome` of the simulator, or alike.

    Returns
    -------
    str
        Columns ``scenario``, ``strategy``, ``seed``, ``replication``, then `METRICS` in order;
        exposures in weight-seconds with exactly three decimals. Text is what `csv_cell` makes of
        it.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_rows(outcome))
    return text.getvalue()


def _rows(outcome: Replications) -> Iterator[tuple[Any, ...]]:
    yield ("scenario", "strategy", "seed", "replication", *(metric.name for metric in METRICS))
    columns = [_cells(outcome.columns[metric.name], metric.kind) for metric in METRICS]
    scenario, strategy = csv_cell(outcome.scenario), csv_cell(outcome.strategy)
    for replication, *values in zip(outcome.replications.tolist(), *columns, strict=True):
        yield (scenario, strategy, outcome.seed, replication, *values)


def _cells(values: NDArray[np.generic], kind: Kind) -> list[Any]:
    cells: list[Any] = values.tolist()
    if kind == "exposure":
        return [exact_thousandths(value) for value in cells]
    if kind == "text":
        return [csv_cell(value) for value in cells]
    # Of a float, csv writes the shortest text that reads back as the very same.
    return cells
