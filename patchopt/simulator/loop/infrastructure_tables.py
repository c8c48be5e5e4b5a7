"""The tables of an infrastructure: what the event loop needs to know whatever the plan."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.quantities import DAY_S
from patchopt.simulator.loop import rows
from patchopt.simulator.loop.bundles import Rows, table
from patchopt.simulator.loop.streams import threshold


class Pool:
    """Collects rows of integers one after another."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def add(self, row: Sequence[int]) -> tuple[int, int]:
        """Add a row; return where it begins and ends."""
        begin = len(self.rows)
        self.rows.extend(row)
        return begin, len(self.rows)


def _thresholds(probabilities: NDArray[np.float64]) -> Ints:
    return np.array([threshold(float(p)) for p in probabilities], np.int64)


def nodes_table(infrastructure: Infrastructure, pool: Pool) -> Rows[rows.NodeRow]:
    """Return the table of nodes; their guests go into the pool."""
    given = infrastructure.nodes
    begin, end = _spans(pool, given.guest_ptr, given.guest_idx)
    return table(
        rows.NodeRow,
        {
            "service": given.service,
            "weight_milli": given.weight_milli,
            "patched": given.patched,
            "restart": given.restart,
            "duration_s": given.duration_s,
            "rollback_s": given.rollback_s,
            "release": given.release,
            "unit": infrastructure.units.of_node,
            "host": given.host,
            "guest_begin": begin,
            "guest_end": end,
            "failure_luck": _thresholds(given.failure_probability),
            "rollback_luck": _thresholds(given.rollback_failure_probability),
            "latent_luck": _thresholds(given.latent_probability),
            "latent_delay_s": given.latent_delay_s,
            "key": given.key,
        },
    )


def releases_table(infrastructure: Infrastructure) -> Rows[rows.ReleaseRow]:
    """Return the table of releases."""
    given = infrastructure.releases
    return table(
        rows.ReleaseRow,
        {
            "defect_luck": _thresholds(given.defect_probability),
            "failure_luck": _thresholds(given.defect_failure_probability),
            "latent_luck": _thresholds(given.defect_latent_probability),
            "key": given.key,
        },
    )


def edges_table(infrastructure: Infrastructure) -> tuple[Rows[rows.GroupRow], Rows[rows.EndRow]]:
    """Return the groups with their edges side by side, each with the group at its other end."""
    given = infrastructure.edges
    at = np.repeat(np.arange(len(given.ptr) - 1), np.diff(given.ptr))
    other = given.source[given.idx] + given.target[given.idx] - at
    groups = table(rows.GroupRow, {"end_begin": given.ptr[:-1], "end_end": given.ptr[1:]})
    return groups, table(rows.EndRow, {"edge": given.idx, "other": other})


def _spans(pool: Pool, ptr: Ints, idx: Ints) -> tuple[Ints, Ints]:
    """Copy compressed rows into the pool; return where each begins and ends there."""
    begin, _ = pool.add(idx.tolist())
    return ptr[:-1] + begin, ptr[1:] + begin


def components_table(infrastructure: Infrastructure, pool: Pool) -> Rows[rows.ComponentRow]:
    """Return the table of the dependency order; who depends on each goes into the pool."""
    order = infrastructure.order
    begin, end = _spans(pool, order.user_ptr, order.user_idx)
    return table(
        rows.ComponentRow,
        {
            "units": order.units_in,
            "open": np.diff(order.ptr),
            "user_begin": begin,
            "user_end": end,
        },
    )


def limits_row(infrastructure: Infrastructure, steps: int) -> rows.LimitsRow:
    """Return limits and surroundings, for a plan of so many steps."""
    limits, nodes, around = infrastructure.limits, infrastructure.nodes, infrastructure.surroundings
    sigmas = (nodes.duration_sigma, nodes.rollback_sigma)
    # Sums over nodes, weights, edges and steps stay exact until `latest_s`.
    most = max(int(nodes.weight_milli.sum()), len(nodes), len(infrastructure.edges.kind), steps, 1)
    return rows.LimitsRow(
        crew=limits.max_parallel,
        surge=limits.surge,
        strict=limits.strict,
        retries=limits.max_retries,
        abort_after=limits.abort_after_failures,
        abort_share_bp=limits.abort_share_bp,
        horizon_s=limits.horizon_s,
        period_s=infrastructure.windows.period_s,
        overhead_s=limits.overhead_s,
        variable=any(sigma.any() for sigma in sigmas),
        background=infrastructure.restless,
        crashes=around.crash_mtbf_s >= 0,
        repair_s=around.repair_s,
        detection_luck=threshold(around.detection_probability),
        detection_delay_s=around.detection_delay_s,
        alarms=around.alarms_per_day > 0,
        latest_s=2**61 // most,
        repair_sigma=around.repair_sigma,
        detection_sigma=around.detection_sigma,
        alarm_mean_s=DAY_S / around.alarms_per_day if around.alarms_per_day > 0 else 0.0,
        # The mean of a Weibull life is its scale times gamma(1 + 1 / shape).
        crash_scale_s=around.crash_mtbf_s / math.gamma(1 + 1 / around.crash_shape),
        crash_shape=around.crash_shape,
    )
