"""The tables of an infrastructure: what the event loop needs to know whatever the plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patchopt.model.base import Ints
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.quantities import DAY_S
from patchopt.simulator.loop import rows
from patchopt.simulator.loop.bundles import Rows, table
from patchopt.simulator.loop.streams import threshold

#: A run is cut at so many times its horizon, unless the plan itself takes longer (MODEL 6).
PATIENCE: Final = 10


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
            "warmup_s": given.warmup_s,
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


def units_table(infrastructure: Infrastructure, pool: Pool) -> Rows[rows.UnitRow]:
    """Return the table of units; their members go into the pool."""
    given = infrastructure.units
    begin, end = _spans(pool, given.ptr, given.idx)
    return table(
        rows.UnitRow,
        {
            "component": infrastructure.order.component_of_unit,
            "member_begin": begin,
            "member_end": end,
        },
    )


def releases_table(infrastructure: Infrastructure, planned: Ints) -> Rows[rows.ReleaseRow]:
    """Return the table of releases; `planned` says how many nodes each is planned for."""
    given = infrastructure.releases
    return table(
        rows.ReleaseRow,
        {
            "defect_luck": _thresholds(given.defect_probability),
            "failure_luck": _thresholds(given.defect_failure_probability),
            "latent_luck": _thresholds(given.defect_latent_probability),
            "key": given.key,
            "nodes": planned,
        },
    )


def edges_table(infrastructure: Infrastructure) -> tuple[Rows[rows.GroupRow], Rows[rows.EndRow]]:
    """Return the groups with their edges side by side, each with the group at its other end."""
    given = infrastructure.edges
    at = np.repeat(np.arange(len(given.ptr) - 1), np.diff(given.ptr))
    other = given.source[given.idx] + given.target[given.idx] - at
    nodes = infrastructure.nodes
    patched = nodes.service[nodes.patched & (nodes.service >= 0)]
    of_services = np.bincount(patched, minlength=len(infrastructure.services.names))
    old = np.concatenate([of_services, nodes.patched])
    ends = {"end_begin": given.ptr[:-1], "end_end": given.ptr[1:]}
    groups = table(rows.GroupRow, {**ends, "old": old})
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


def longest_s(infrastructure: Infrastructure, steps: int) -> int:
    """Return until when sums over nodes, weights, edges and steps stay exact."""
    nodes, edges = infrastructure.nodes, infrastructure.edges
    return 2**61 // max(int(nodes.weight_milli.sum()), len(nodes), len(edges.kind), steps, 1)


def limits_row(infrastructure: Infrastructure, steps: int) -> rows.LimitsRow:
    """Return limits and surroundings, for a plan of so many steps."""
    limits, nodes, around = infrastructure.limits, infrastructure.nodes, infrastructure.surroundings
    sigmas = (nodes.duration_sigma, nodes.rollback_sigma)
    return rows.LimitsRow(
        crew=limits.max_parallel,
        surge=limits.surge,
        strict=limits.strict,
        retries=limits.max_retries,
        abort_after=limits.abort_after_failures,
        abort_share_bp=limits.abort_share_bp,
        horizon_s=limits.horizon_s,
        end_s=min(PATIENCE * limits.horizon_s, longest_s(infrastructure, steps)),
        patchable=int(nodes.patched.sum()),
        old_weight_milli=int(nodes.weight_milli[nodes.patched].sum()),
        period_s=infrastructure.windows.period_s,
        overhead_s=limits.overhead_s,
        variable=any(sigma.any() for sigma in sigmas),
        background=infrastructure.restless or around.review_s >= 0 or around.respin_s >= 0,
        crashes=around.crash_mtbf_s >= 0,
        repair_s=around.repair_s,
        detection_luck=threshold(around.detection_probability),
        detection_delay_s=around.detection_delay_s,
        alarms=around.alarms_per_day > 0,
        review_s=around.review_s,
        respin_s=around.respin_s,
        respin_luck=threshold(around.respin_defect_probability),
        review_sigma=around.review_sigma,
        respin_sigma=around.respin_sigma,
        repair_sigma=around.repair_sigma,
        detection_sigma=around.detection_sigma,
        alarm_mean_s=DAY_S / around.alarms_per_day if around.alarms_per_day > 0 else 0.0,
        # The mean of a Weibull life is its scale times gamma(1 + 1 / shape).
        crash_scale_s=around.crash_mtbf_s / math.gamma(1 + 1 / around.crash_shape),
        crash_shape=around.crash_shape,
    )
