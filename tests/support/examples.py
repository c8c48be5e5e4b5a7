"""Small scenarios with their logs, written by hand; the arithmetic is in the comments."""

from __future__ import annotations

from typing import Any


def event(time: int, name: str, **keys: Any) -> dict[str, Any]:
    """Return one line of a log."""
    return {"time": time, "event": name} | keys


def of_node(time: int, name: str, node: str, step: int, attempt: int = 1) -> dict[str, Any]:
    """Return an event of a node."""
    return event(time, name, node=node, step=step, attempt=attempt)


def start(
    time: int, step: int, action: str, *nodes: str, waives: list[str] | None = None
) -> dict[str, Any]:
    """Return the start of a step."""
    keys = {"action": action, "nodes": list(nodes), "waives": waives or []}
    return event(time, "step_start", step=step, **keys)


def run(name: str, end: int, *events: dict[str, Any], until: int) -> list[dict[str, Any]]:
    """Return a whole log from its events; `end` is T, `until` is O."""
    about = {"scenario": name, "strategy": "by hand", "seed": 1, "replication": 0}
    last = event(until, "run_end", **about, completion_time=end)
    return [event(0, "run_start", **about), *events, last]


def small(
    nodes: dict[str, dict[str, Any]],
    *,
    edges: list[tuple[str, str]] | None = None,
    incompatible: list[tuple[str, str]] | None = None,
    min_up: dict[str, int] | None = None,
    **constraints: Any,
) -> dict[str, Any]:
    """Return a scenario of nodes of weight 1000 and duration 2, unless told otherwise."""
    written = []
    for id_, told in nodes.items():
        patch = {"severity": 1.0, "duration": 2} | told.get("patch_with", {})
        kept = {key: value for key, value in told.items() if key != "patch_with"}
        written.append({"id": id_, "type": "database", "patch": patch} | kept)
    kinds = [*((pair, "compatible") for pair in edges or [])]
    kinds += [(pair, "incompatible") for pair in incompatible or []]
    return {
        "version": 1,
        "name": "small",
        "constraints": constraints,
        "services": {service: {"min_up": least} for service, least in (min_up or {}).items()},
        "nodes": written,
        "edges": [
            {"source": source, "target": target, "compatibility": kind}
            for (source, target), kind in kinds
        ],
    }


FAILING = {"failure_probability": 0.5}

# Two web servers, one after the other, then the database that they depend on. Work on a web server
# lasts L = 1 + 4 + 2 = 7 s and commits 5 s after its start.
ROLLING: dict[str, Any] = {
    "version": 1,
    "name": "rolling",
    "constraints": {
        "step_overhead": 1,
        "max_retries": 1,
        "horizon": 100,
        "windows": {"every": 20, "open": [{"start": 0, "duration": 16}]},
    },
    "services": {"web": {"min_up": "50%"}, "db": {"min_up": 1}},
    "patches": {
        "p": {
            "severity": 5.0,
            "duration": 4,
            "warmup": 2,
            "rollback": "3s",
            "failure_probability": 0.5,
        }
    },
    "nodes": [
        {
            "id": "web",
            "replicas": 2,
            "type": "service_instance",
            "service": "web",
            "criticality": 2,
            "patch": "p",
        },
        {
            "id": "db-1",
            "type": "database",
            "service": "db",
            "blue_green": False,
            "patch": {"severity": 1, "duration": 2, "failure_probability": 1.0},
        },
    ],
    "edges": [{"source": "web", "target": "db", "compatibility": "degraded"}],
}
_DEGRADED = {"source": "web", "target": "db", "compatibility": "degraded"}
ROLLING_LOG = run(
    "rolling",
    25,
    start(0, 0, "patch", "web-1"),
    of_node(0, "node_down", "web-1", 0),
    # Drawn at 0 + 1 + 4; back after 3 s more, and tried again in that instant.
    of_node(5, "patch_failed", "web-1", 0),
    of_node(8, "rolled_back", "web-1", 0),
    of_node(8, "node_serving", "web-1", 0),
    event(8, "attempt_start", step=0, nodes=["web-1"], attempt=2),
    of_node(8, "node_down", "web-1", 0, 2),
    of_node(13, "node_patched", "web-1", 0, 2),
    of_node(15, "node_serving", "web-1", 0, 2),
    event(15, "step_end", step=0),
    start(15, 1, "patch", "web-2"),
    of_node(15, "node_down", "web-2", 1),
    # From here on the new web-1 serves beside the old database, until that goes down.
    event(15, "edge_mixed", **_DEGRADED),
    of_node(20, "node_patched", "web-2", 1),
    of_node(22, "node_serving", "web-2", 1),
    event(22, "step_end", step=1),
    start(22, 2, "patch", "db-1"),
    of_node(22, "node_down", "db-1", 2),
    event(22, "service_below", service="db", serving=0, min_up=1),
    event(22, "edge_settled", **_DEGRADED),
    # Drawn at 22 + 1 + 2; no rollback.
    of_node(25, "patch_failed", "db-1", 2),
    of_node(25, "node_failed", "db-1", 2),
    event(25, "step_end", step=2),
    until=100,
)
ROLLING_METRICS = {
    "exposure": 13 * 10_000 + 20 * 10_000 + 25 * 1_000,
    "residual_exposure": (100 - 25) * 1_000,
    "total_exposure": 13 * 10_000 + 20 * 10_000 + 100 * 1_000,
    "completion_time": 25,
    "time_to_remediate": 100,  # the database stays old
    "downtime": 78,  # db, 22 to 100
    "unplanned_downtime": 78,
    "max_downtime": 78,
    "outage": 78,
    "lost_capacity": 15 + 7 + 78,
    "mixed_time": 7,  # 15 to 22
    "mixed_edge_seconds": 7,
    "degraded_time": 7,
    "degraded_intervals": 1,
    "incompatibility_violations": 0,
    "violation_time": 0,
    "failures": 2,
    "rollbacks": 1,
    "retries": 1,
    "failed_nodes": 1,
    "aborted": 0,
    "abort_reason": "",
    "guardrail_pauses": 0,
    "guard_waits": 0,
    "guard_wait_time": 0,
    "bad_nodes": 1,
    "reviews": 0,
    "respins": 0,
    "stopped_time": 0,
    "crew_overrun": 0,
    "surge_overrun": 0,
    "order_violations": 0,
    "breach": 1,
    "patched": 2,
    "patched_share": 2 / 3,
    "peak_parallel": 1,
    "peak_surge": 0,
    "work_seconds": 15 + 7 + 3,
    "window_overrun": 4,  # step 1 works on from 16 to 20
    "surge_node_seconds": 0,
    "failed_rollbacks": 0,
    "latent_failures": 0,
    "latent_nodes": 0,
    "impaired_time": 0,
    "detections": 0,
    "false_alarms": 0,
    "crashes": 0,
    "repairs": 0,
}

# A unit of two is built, fails once and is built again, then is switched in no time; L = 5 + 1.
# A third node is built in the instant in which the unit's slots are freed.
BUILT: dict[str, Any] = {
    "version": 1,
    "name": "built",
    "constraints": {"max_retries": 1, "surge": 2, "horizon": 20},
    "services": {"s": {"min_up": 3}},
    "nodes": [
        {
            "id": name,
            "type": "service_instance",
            "service": "s",
            "patch": {
                "severity": 1,
                "duration": duration,
                "warmup": warmup,
                "failure_probability": 0.5,
            },
        }
        for name, duration, warmup in [("a", 3, 0), ("b", 5, 1), ("c", 2, 0)]
    ],
    "edges": [
        {"source": "a", "target": "b", "compatibility": "incompatible"},
        {"source": "b", "target": "c"},
    ],
}
_PLAIN = {"source": "b", "target": "c", "compatibility": "compatible"}
BUILT_LOG = run(
    "built",
    13,
    start(0, 0, "build", "a", "b"),
    event(0, "step_wait", step=2, reason="surge"),
    # Drawn after the longest duration: one failed copy throws both away, without rollback.
    of_node(5, "build_failed", "a", 0),
    # Both slots are free, and the retry takes them before any step does.
    event(5, "attempt_start", step=0, nodes=["a", "b"], attempt=2),
    of_node(11, "built", "a", 0, 2),
    of_node(11, "built", "b", 0, 2),
    event(11, "step_end", step=0),
    start(11, 1, "switch", "a", "b"),
    of_node(11, "switched", "a", 1, 2),
    of_node(11, "switched", "b", 1, 2),
    event(11, "step_end", step=1),
    start(11, 2, "build", "c"),
    event(11, "edge_mixed", **_PLAIN),
    of_node(13, "built", "c", 2),
    event(13, "step_end", step=2),
    start(13, 3, "switch", "c"),
    of_node(13, "switched", "c", 3),
    event(13, "step_end", step=3),
    event(13, "edge_settled", **_PLAIN),
    until=20,
)
BUILT_METRICS = {
    "exposure": (11 + 11 + 13) * 1_000,
    "residual_exposure": 0,
    "total_exposure": (11 + 11 + 13) * 1_000,
    "completion_time": 13,
    "time_to_remediate": 13,
    "downtime": 0,
    "lost_capacity": 0,
    "mixed_time": 2,
    "degraded_time": 0,
    "degraded_intervals": 0,
    "failures": 1,
    "rollbacks": 0,
    "retries": 2,
    "guardrail_pauses": 1,
    "guard_waits": 1,
    "guard_wait_time": 11,
    "bad_nodes": 0,
    "breach": 0,
    "patched_share": 1.0,
    "peak_parallel": 2,
    "peak_surge": 2,
    "work_seconds": 2 * 5 + 2 * 6 + 2,
    "surge_node_seconds": 2 * 11 + 2,  # two slots until the switch at 11, one from 11 to 13
    "window_overrun": 0,
}

# A host and a node patched live are one unit. The live one fails; the host has no rollback and is
# lost, though its own draw succeeded, and its guest with it. One bad node ends the plan.
ABORTED: dict[str, Any] = {
    "version": 1,
    "name": "aborted",
    "constraints": {
        "abort_after_failures": 1,
        "max_retries": 2,
        "max_parallel": 2,
        "horizon": 10,
    },
    "services": {"s": {"min_up": 1}},
    "nodes": [
        {
            "id": "live",
            "type": "database",
            "patch": {
                "severity": 1,
                "duration": 2,
                "restart": False,
                "rollback": 4,
                "failure_probability": 1,
            },
        },
        {"id": "host", "type": "host", "patch": {"severity": 2, "duration": 1, "warmup": 1}},
        {"id": "guest", "type": "service_instance", "service": "s", "host": "host", "patch": None},
        {"id": "last", "type": "database", "patch": {"severity": 0.1, "duration": 1}},
    ],
    "edges": [{"source": "live", "target": "host", "compatibility": "incompatible"}],
}
ABORTED_LOG = run(
    "aborted",
    6,
    start(0, 0, "patch", "live", "host"),
    of_node(0, "node_down", "host", 0),
    event(0, "service_below", service="s", serving=0, min_up=1),
    event(0, "step_wait", step=1, reason="crew"),
    of_node(2, "patch_failed", "live", 0),
    of_node(2, "node_failed", "host", 0),
    event(2, "abort", reason="1 bad node"),
    of_node(6, "rolled_back", "live", 0),
    event(6, "step_end", step=0),
    until=10,
)
ABORTED_METRICS = {
    "exposure": 6 * 1_000 + 6 * 2_000 + 6 * 100,
    "residual_exposure": 4 * 3_100,
    "completion_time": 6,
    "time_to_remediate": 10,
    "downtime": 10,
    "unplanned_downtime": 10,
    "outage": 10,
    "lost_capacity": 10 + 10,  # host and guest; the live node serves throughout
    "violation_time": 0,
    "failures": 1,
    "rollbacks": 1,
    "retries": 0,
    "failed_nodes": 1,
    "bad_nodes": 2,  # the live one too: its retry is not to be
    "aborted": 1,
    "abort_reason": "1 bad node",
    "guardrail_pauses": 1,
    "guard_waits": 1,
    "guard_wait_time": 2,
    "patched": 0,
    "patched_share": 0.0,
    "peak_parallel": 2,
    "work_seconds": 2 * 2 + 4,
}

# Two units of two. The first, c and d, is tried whole: c fails, both go back for the longer of
# their rollbacks. The second is torn apart: a alone, a pause, then b alone, which goes back.
TORN: dict[str, Any] = small(
    {
        name: {"patch_with": {"duration": duration, "rollback": rollback} | FAILING}
        for name, duration, rollback in [("a", 1, 2), ("b", 2, 4), ("c", 1, 2), ("d", 1, 4)]
    },
    incompatible=[("a", "b"), ("d", "c")],
    abort_after_failures=3,
    horizon=20,
) | {"name": "torn"}
_TORN_EDGE = {"source": "a", "target": "b", "compatibility": "incompatible"}
TORN_LOG = run(
    "torn",
    14,
    start(0, 0, "patch", "c", "d"),
    of_node(0, "node_down", "c", 0),
    of_node(0, "node_down", "d", 0),
    of_node(1, "patch_failed", "c", 0),
    # Back after max(2, 4).
    of_node(5, "rolled_back", "c", 0),
    of_node(5, "rolled_back", "d", 0),
    of_node(5, "node_serving", "c", 0),
    of_node(5, "node_serving", "d", 0),
    event(5, "step_end", step=0),
    start(5, 1, "patch", "a"),
    of_node(5, "node_down", "a", 1),
    of_node(6, "node_patched", "a", 1),
    of_node(6, "node_serving", "a", 1),
    event(6, "step_end", step=1),
    start(6, 2, "pause"),
    event(6, "edge_mixed", **_TORN_EDGE),
    event(8, "step_end", step=2),
    start(8, 3, "patch", "b"),
    of_node(8, "node_down", "b", 3),
    event(8, "edge_settled", **_TORN_EDGE),
    of_node(10, "patch_failed", "b", 3),
    of_node(14, "rolled_back", "b", 3),
    of_node(14, "node_serving", "b", 3),
    event(14, "step_end", step=3),
    # Mixed again, and so it stays.
    event(14, "edge_mixed", **_TORN_EDGE),
    until=20,
)
TORN_METRICS = {
    "exposure": (6 + 3 * 14) * 1_000,
    "residual_exposure": 3 * 6 * 1_000,
    "bad_nodes": 2,  # c and b; d went back with c
    "lost_capacity": 2 * 5 + 1 + 6,
    "mixed_time": 2 + 6,
    "incompatibility_violations": 2,
    "violation_time": 2 + 6,
    "guardrail_pauses": 1,  # the plan's own
    "guard_waits": 0,
    "breach": 1,
    "degraded_intervals": 0,
    "failures": 2,
    "rollbacks": 3,
    "failed_nodes": 0,
    "peak_parallel": 2,
    "work_seconds": 2 * 5 + 1 + 6,
}
