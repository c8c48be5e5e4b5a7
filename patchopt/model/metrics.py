"""The metrics of one replication: names, units, meanings, types (MODEL 7).

The order of `METRICS` is the order of every table and file. Those of kind
``exposure`` are computed as exact integers of milli-weight-seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["exposure", "integer", "share", "text"]


@dataclass(frozen=True)
class Metric:
    """One column of the results.

    Parameters
    ----------
    name : str
        Column name.
    unit : str
        Unit, as a reader writes it.
    meaning : str
        What it measures, one line.
    kind : str
        How it is stored: an exact ``exposure``, an ``integer``, a ``share``, a ``text``.
    better : str
        ``lower``, ``higher`` or ``neither``.
    """

    name: str
    unit: str
    meaning: str
    kind: Kind = "integer"
    better: Literal["lower", "higher", "neither"] = "lower"


METRICS: Final = (
    Metric("exposure", "weight·s", "weight times the time old, until T", "exposure"),
    Metric("residual_exposure", "weight·s", "weight times the time old, from T to O", "exposure"),
    Metric("total_exposure", "weight·s", "weight times the time old, until O", "exposure"),
    Metric("completion_time", "s", "T: when the last work of a step or pause ends"),
    Metric("time_to_remediate", "s", "last commit that stays; O if anything is old at O"),
    Metric("downtime", "service·s", "time below min_up, over services"),
    Metric("unplanned_downtime", "service·s", "the part of it that no running step waives"),
    Metric("max_downtime", "s", "longest unbroken time one service is below min_up"),
    Metric("outage", "service·s", "time with no instance serving, over services"),
    Metric("lost_capacity", "node·s", "time not serving, over nodes"),
    Metric("mixed_time", "s", "time with at least one mixed edge"),
    Metric("mixed_edge_seconds", "edge·s", "time mixed, over edges"),
    Metric("degraded_time", "s", "time with at least one mixed degraded edge"),
    Metric("degraded_intervals", "count", "maximal unbroken intervals of degraded_time"),
    Metric("incompatibility_violations", "count", "onsets of a mixed incompatible edge"),
    Metric("violation_time", "s", "time with at least one mixed incompatible edge"),
    Metric("crew_overrun", "node·s", "work above max_parallel"),
    Metric("surge_overrun", "slot·s", "copies above surge"),
    Metric("window_overrun", "s", "time with work of steps outside every window"),
    Metric("order_violations", "count", "starts before something depended on has finished"),
    Metric("breach", "0/1", "unplanned downtime, a violation or an overrun"),
    Metric("failures", "count", "failed attempts of nodes"),
    Metric("rollbacks", "count", "nodes rolled back"),
    Metric("retries", "count", "attempts of nodes after the first"),
    Metric("failed_nodes", "count", "nodes FAILED at O"),
    Metric("bad_nodes", "count", "nodes bad at O"),
    Metric("aborted", "0/1", "whether the plan was aborted, or left something out"),
    Metric("abort_reason", "", "why it was aborted, empty if it was not", "text", "neither"),
    Metric("guardrail_pauses", "count", "pauses of the plan, and waits for a constraint"),
    Metric("guard_waits", "count", "starts that had to wait for a constraint"),
    Metric("guard_wait_time", "s", "how long they waited in all"),
    Metric("failed_rollbacks", "count", "rollbacks that left their node FAILED"),
    Metric("latent_failures", "count", "commits that turn out bad in service"),
    Metric("latent_nodes", "count", "nodes with a latent failure at O"),
    Metric("impaired_time", "node·s", "time IMPAIRED, over nodes"),
    Metric("detections", "count", "IMPAIRED nodes detected"),
    Metric("false_alarms", "count", "alarms about nothing"),
    Metric("crashes", "count", "nodes crashed"),
    Metric("repairs", "count", "FAILED and crashed nodes that came back"),
    Metric("patched", "count", "nodes new at O", better="higher"),
    Metric("patched_share", "share", "nodes new at O, of those with a patch", "share", "higher"),
    Metric("peak_parallel", "nodes", "most nodes worked on at once", better="neither"),
    Metric("peak_surge", "slots", "most surge slots in use at once"),
    Metric("work_seconds", "node·s", "total work", better="neither"),
    Metric("surge_node_seconds", "node·s", "surge slots in use, over time"),
    Metric("reviews", "count", "stops after which the plan went on as it was", better="neither"),
    Metric("respins", "count", "stops after which a new release came", better="neither"),
    Metric("stopped_time", "s", "time stopped before the plan went on"),
)

METRIC_BY_NAME: Final = {metric.name: metric for metric in METRICS}

#: What plans are compared by first: an aborted plan has little exposure until T, and much after.
TOTAL_EXPOSURE: Final = METRIC_BY_NAME["total_exposure"]

#: Quantile of the normal distribution for 95% on both sides: how far limits of means reach.
Z_95: Final = 1.959963984540054

#: Metrics that are numbers, in order.
NUMERIC_METRICS: Final = tuple(metric for metric in METRICS if metric.kind != "text")
