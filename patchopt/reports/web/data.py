"""What the page is told of a study: numbers, plans, and one replication of each to replay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.numbers.verdict import verdict
from patchopt.reports.trace.bars import bars
from patchopt.reports.trace.curves import availability, burn_down
from patchopt.reports.trace.events import Event, changes_of, completion_of, drawn_until, end_of

#: Measures that axes can have.
AXES: Final = (
    "total_exposure",
    "downtime",
    "completion_time",
    "unplanned_downtime",
    "lost_capacity",
    "surge_node_seconds",
    "breach",
    "patched_share",
)
#: Larger infrastructures would be a picture of dots: their replications are not replayed.
MOST_NODES: Final = 400

Plain = dict[str, Any]
#: Mean and limits, by plan and metric.
Measured = Mapping[tuple[int, str], Sequence[float]]


def study_data(study: Study, results: Results) -> Plain:
    """Return all that the page shows, as plain values for JSON.

    Parameters
    ----------
    study : Study
        What was measured.
    results : Results
        Its numbers.

    Returns
    -------
    dict
        ``complete``, ``axes`` and ``scenarios``: of each its nodes, services and plans, those that
        break nothing first; NaN is None. Times are in seconds, weights in C x S.
    """
    columns = [
        results.estimates[name].tolist() for name in ("plan", "metric", "mean", "low", "high")
    ]
    measured = {(plan, name): values for plan, name, *values in zip(*columns, strict=True)}
    return {
        "complete": study.complete,
        "axes": [_axis(name) for name in AXES],
        "scenarios": [_scenario(study, results, measured, name) for name in study.scenarios],
    }


def _axis(name: str) -> Plain:
    metric = METRIC_BY_NAME[name]
    return {
        "name": name,
        "title": name.replace("_", " "),
        "unit": "" if metric.unit in ("0/1", "share") else metric.unit,
        "meaning": metric.meaning,
    }


def _scenario(study: Study, results: Results, measured: Measured, name: str) -> Plain:
    infrastructure = study.infrastructure(name)
    rows = results.summary_of(name).to_dict("records")
    small = len(infrastructure.nodes) <= MOST_NODES
    return {
        "name": name,
        "verdict": verdict(rows),
        "horizon": infrastructure.limits.horizon_s,
        "crew": infrastructure.limits.max_parallel,
        **(_picture(infrastructure) if small else {"nodes": [], "services": []}),
        "count": len(infrastructure.nodes),
        "plans": [_plan(study, infrastructure, measured, row, replay=small) for row in rows],
    }


def _picture(infrastructure: Infrastructure) -> Plain:
    """Return nodes with their service and host, by their places, -1 for none; and services."""
    nodes, services = infrastructure.nodes, infrastructure.services
    return {
        "nodes": [
            {
                "id": node,
                "service": int(nodes.service[at]),
                "host": int(nodes.host[at]),
                "weight": int(nodes.weight_milli[at]) / 1000,
            }
            for at, node in enumerate(nodes.ids)
        ],
        "services": [
            {"name": service, "min_up": int(services.min_up[at])}
            for at, service in enumerate(services.names)
        ],
    }


def _plan(
    study: Study,
    infrastructure: Infrastructure,
    measured: Measured,
    row: Mapping[Any, Any],
    *,
    replay: bool,
) -> Plain:
    number = int(row["plan"])
    done = bool(row["replications"])
    return {
        "label": row["label"],
        "strategy": row["strategy"],
        "breaks": row["breaks"],
        "replications": int(row["replications"]),
        "front": bool(row["non_dominated"]),
        "optimum": row["nominal_optimum"] == number,
        "certificate": row["certificate"],
        "nominal": _number(row["nominal_exposure"]),
        "gap": _number(row["gap"]),
        "ratio": _limits(row, "relative_to_nominal_optimum"),
        "over_bound": [
            _number(row["over_wait_and_see"]),
            None,
            _number(row["over_wait_and_see_upper"]),
        ],
        "values": {
            name: [_number(value) for value in measured[number, name]] if done else None
            for name in AXES
        },
        "replay": _replay(study, infrastructure, number) if replay else None,
    }


def _limits(row: Mapping[Any, Any], name: str) -> list[float | None]:
    return [_number(row[f"{name}{end}"]) for end in ("", "_low", "_high")]


def _number(value: Any) -> float | None:
    """Return a number in as many digits as anybody reads; None for NaN."""
    number = float(value)
    return float(f"{number:.9g}") if math.isfinite(number) else None


def _replay(study: Study, infrastructure: Infrastructure, number: int) -> Plain | None:
    """Return the plan's first replication; None if no trace of it was kept."""
    events, plan = study.trace(number), study.plan(number)
    if not events or plan is None:
        return None
    index = infrastructure.nodes.index
    serving, opened = availability(infrastructure, events), burn_down(infrastructure, events)
    return {
        "seed": int(events[0]["seed"]),
        "replication": int(events[0]["replication"]),
        "drawn": drawn_until(events),
        "end": end_of(events),
        "completion": completion_of(events),
        "bars": [
            [index[bar.node], bar.kind, bar.start_s, bar.end_s]
            for bar in bars(infrastructure, plan, events)
        ],
        "changes": [[time, index[node], int(new)] for time, node, new in changes_of(events)],
        "serving": [serving.times_s.tolist(), serving.values.tolist()],
        "open": [opened.times_s.tolist(), [_number(value) for value in opened.values]],
        "events": [[int(event["time"]), _told(event)] for event in events],
    }


def _told(event: Event) -> str:
    """Say what an event is in one line."""
    rest = {key: value for key, value in event.items() if key not in ("time", "event")}
    words = [f"{key} {_word(value)}" for key, value in rest.items() if value not in ([], "")]
    return f"{str(event['event']).replace('_', ' ')}: {', '.join(words)}"


def _word(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        some = [str(one) for one in value[:6]]
        return " ".join([*some, f"and {len(value) - 6} more"] if len(value) > 6 else some)
    return str(value)
