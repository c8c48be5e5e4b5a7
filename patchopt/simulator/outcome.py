"""What a simulation gives: a table of metrics, a row a replication, and events on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Floats, Ints
from patchopt.model.metrics import METRICS, NUMERIC_METRICS, TOTAL_EXPOSURE, Metric
from patchopt.model.quantities import from_milli
from patchopt.simulator.loop.bundles import Rows
from patchopt.simulator.loop.state_rows import Measures
from patchopt.simulator.wording import Event, Teller

if TYPE_CHECKING:
    import pandas as pd

#: Metrics that the loop measures as they are, under the same names.
_MEASURED = tuple(m.name for m in METRICS if m.kind in ("exposure", "integer"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """The replications of one plan.

    Parameters
    ----------
    scenario, strategy : str
        Names.
    seed : int
        Of all replications.
    replications : ndarray of int64, shape (replications,)
        Number of each, 0, 1, 2 ...
    columns : dict of str to ndarray
        One entry a metric, shape (replications,), in the order of `METRICS`. Those of
        kind ``exposure`` are int64 milli-weight-seconds, exact.
    strata : ndarray of int64, shape (replications,)
        Stratum of each; 0 unless defects were stratified.
    weights : ndarray of float64, shape (replications,)
        How many replications each stands for; 1 unless defects were stratified.
    events : list of dict
        Of the first replication; empty unless asked for.
    """

    scenario: str
    strategy: str
    seed: int
    replications: Ints
    columns: dict[str, NDArray[np.generic]]
    strata: Ints
    weights: Floats
    events: list[Event] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        teller: Teller,
        seed: int,
        replications: Ints,
        measures: Rows[Measures],
        share_of: int,
    ) -> Outcome:
        """Take the columns of what the loop has measured."""
        records = cast("Any", measures)
        counted: dict[str, Ints] = {name: records[name] for name in _MEASURED}
        reasons = np.full(len(replications), "", dtype=object)
        aborted = np.flatnonzero(counted["aborted"])
        why = np.column_stack(
            [records[name][aborted] for name in ("abort_code", "abort_step", "abort_detail")]
        )
        causes, which = np.unique(why, axis=0, return_inverse=True)
        told = np.array([teller.abort_reason(*row) for row in causes.tolist()], dtype=object)
        reasons[aborted] = told[which.ravel()]
        shares = counted["patched"] / share_of if share_of else np.ones(len(replications))
        values: dict[str, NDArray[np.generic]] = {
            **counted,
            "abort_reason": reasons,
            "patched_share": shares,
        }
        return cls(
            scenario=teller.infrastructure.scenario.name,
            strategy=teller.plan.strategy.name,
            seed=seed,
            replications=replications,
            columns={metric.name: values[metric.name] for metric in METRICS},
            strata=np.zeros(len(replications), np.int64),
            weights=np.ones(len(replications)),
        )

    def __len__(self) -> int:
        """Return the number of replications."""
        return len(self.replications)

    def __repr__(self) -> str:
        """Return what matters on one line."""
        mean = self._mean(TOTAL_EXPOSURE)
        return (
            f"<Outcome of {self.strategy} on {self.scenario}, seed {self.seed}: {len(self):,} "
            f"replications, mean total exposure {mean:,.0f} weight·s>"
        )

    def _repr_markdown_(self) -> str:
        """Return means as a table, for notebooks."""
        rows = [
            f"| {metric.name} | {self._mean(metric):,.6g} | {metric.unit} |"
            for metric in NUMERIC_METRICS
        ]
        head = ["| metric | mean | unit |", "| --- | ---: | --- |"]
        return f"**{repr(self)[1:-1]}**\n\n" + "\n".join([*head, *rows])

    def _mean(self, metric: Metric) -> float:
        return float(np.average(self.values(metric), weights=self.weights))

    def exact(self, metric: str, replication: int = 0) -> int:
        """Return an integer metric of one replication, exposures in milli-weight-seconds."""
        return int(self.columns[metric][replication])

    def values(self, metric: Metric) -> Floats:
        """Return a numeric metric in the units of MODEL 7, shape (replications,)."""
        values = self.columns[metric.name].astype(np.float64)
        return from_milli(values) if metric.kind == "exposure" else values

    def frame(self) -> pd.DataFrame:
        """Return the metrics as a table in the units of MODEL 7, exposures in weight-seconds."""
        import pandas as pd

        columns: dict[str, object] = {
            "scenario": self.scenario,
            "strategy": self.strategy,
            "seed": self.seed,
            "replication": self.replications,
        }
        for metric in METRICS:
            values = self.columns[metric.name]
            columns[metric.name] = from_milli(values) if metric.kind == "exposure" else values
        return pd.DataFrame(columns)
