"""Scenarios for property tests: small, valid, and together using every constraint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from support.features import FEATURES, PROBABLE, features
from support.reading import Reading
from support.trouble import TROUBLES, environments, troubled_patches, troubles

__all__ = ["FEATURES", "PROBABLE", "TROUBLES", "features", "scenarios", "troubles"]

NAMED = ("CVE-2026-0001", "CVE-2026-0002")
SERVICES = ("web", "shop", "db")

Draw = st.DrawFn


@dataclass
class _Sketch:
    """What has been drawn so far; `room` is how many more nodes may have a patch."""

    room: int
    max_duration: int
    probabilities: bool
    trouble: bool = False
    services: list[str] = field(default_factory=list)
    patches: dict[str, dict[str, Any]] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    edges: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def scenario(self, **more: Any) -> dict[str, Any]:
        """Return the scenario of the sketch; a key given as None is left out."""
        edges = [
            {"source": source, "target": target}
            | ({} if compatibility is None else {"compatibility": compatibility})
            for (source, target), compatibility in self.edges.items()
        ]
        whole = {
            "version": 1,
            "name": "generated",
            "seed": 7,
            "constraints": None,
            "services": {service: {} for service in self.services},
            "patches": self.patches or None,
            "nodes": self.nodes,
            "edges": edges or None,
        } | more
        return {key: value for key, value in whole.items() if value is not None}


@st.composite
def scenarios(
    draw: Draw,
    *,
    max_units: int | None = None,
    max_patched: int = 8,
    probabilities: bool = True,
    max_duration: int | None = None,
    trouble: bool = False,
) -> dict[str, Any]:
    """Return a valid scenario as the dictionary that YAML gives.

    Parameters
    ----------
    draw
        Given by Hypothesis.
    max_units
        At most this many units (then at most two patched nodes more), for enumeration.
    max_patched
        At most this many patched nodes.
    probabilities
        Whether patches may fail and releases be defective.
    max_duration
        Longest duration of a patch, in seconds: 6 with `max_units`, else 600, unless given.
    trouble
        Whether times vary, rollbacks fail, patches turn out bad in service, nodes crash and are
        repaired, and alarms are false; see `TROUBLES`.

    Returns
    -------
    dict
        Constraints are drawn after the units are known, so nothing is drawn in vain.
    """
    if max_duration is None:
        max_duration = 600 if max_units is None else 6
    limit = max_patched if max_units is None else min(max_patched, max_units + 2)
    sketch = _Sketch(
        draw(st.integers(1, limit) | st.just(limit) | st.just(limit)),
        max_duration,
        probabilities,
        trouble,
    )
    sketch.services = list(SERVICES[: draw(st.integers(1, len(SERVICES)))])
    for name in NAMED[: draw(st.integers(0, len(NAMED)))]:
        sketch.patches[name] = draw(_patches(sketch))
    _draw_nodes(draw, sketch)
    _draw_edges(draw, sketch)
    if max_units is not None:
        _join_units(sketch, max_units)
    reading = Reading(sketch.scenario())
    sketch.nodes = draw(st.permutations(sketch.nodes))
    services = {
        service: draw(_service(len(reading.instances[service]))) for service in sketch.services
    }
    return sketch.scenario(
        luck=draw(st.sampled_from([None, None, "shared"])),
        services=services,
        constraints=draw(_constraints(sketch, reading)) or None,
        environment=draw(environments(max_duration)) if trouble else None,
    )


def _often(draw: Draw, percent: int) -> bool:
    """Return true in about so many of a hundred cases; shrinks to false."""
    return draw(st.integers(0, 99)) >= 100 - percent


@st.composite
def _durations(draw: Draw, least: int, most: int) -> int | str:
    """Return a duration in one of the ways to write it."""
    value = draw(st.integers(least, max(least, most)))
    if _often(draw, 70):
        return value
    minutes, rest = divmod(value, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


@st.composite
def _patches(draw: Draw, sketch: _Sketch) -> dict[str, Any]:
    longest = sketch.max_duration
    patch: dict[str, Any] = {
        "severity": draw(st.integers(0, 100)) / 10,
        "duration": draw(_durations(1, longest)),
    }
    if _often(draw, 35):
        patch["warmup"] = draw(_durations(0, longest // 2))
    if _often(draw, 25):
        patch["restart"] = False
    if _often(draw, 50):
        patch["rollback"] = draw(st.none() | _durations(1, longest))
    if sketch.trouble:
        patch |= draw(troubled_patches(longest))
    if sketch.probabilities:
        patch["failure_probability"] = draw(st.sampled_from([0, 0.2, 0.5, 0.5, 1]))
        if _often(draw, 50 if sketch.trouble else 30):
            patch["defect"] = {
                "probability": draw(st.sampled_from([0, 0.5, 1])),
                "failure_probability": draw(st.sampled_from([0, 0.5, 1])),
            }
            if "latent" in patch and _often(draw, 50):
                patch["defect"]["latent_probability"] = draw(st.sampled_from([0.5, 1]))
    return patch


def _draw_nodes(draw: Draw, sketch: _Sketch) -> None:
    """Draw hosts, each perhaps on an earlier one, then the entries that run on them."""
    hosts: list[str] = []
    for number in range(draw(st.integers(0, 3))):
        host: dict[str, Any] = {"id": f"host-{chr(97 + number)}", "type": "host"}
        if hosts and _often(draw, 50):
            host["host"] = draw(st.sampled_from(hosts))
        hosts.append(host["id"])
        _draw_rest(draw, sketch, host, patched=50, built=45)
    last = draw(st.integers(1, 4) | st.integers(2, 6))
    for number in range(1, last + 1):
        entry: dict[str, Any] = {"id": f"node{number}", "type": "service_instance"}
        if _often(draw, 25):
            entry["type"] = "database"
        if entry["type"] == "service_instance" or _often(draw, 70):
            entry["service"] = draw(st.sampled_from(sketch.services))
        if hosts and _often(draw, 50):
            entry["host"] = draw(st.sampled_from(hosts))
        if _often(draw, 40):
            entry["replicas"] = draw(st.integers(1, 3))
            used = {other["id"] for other in sketch.nodes}
            if entry.get("service", entry["id"]) not in used and _often(draw, 50):
                entry["id"] = entry.get("service", entry["id"])
        need = number == last and not any(other.get("patch") for other in sketch.nodes)
        if need and entry.get("replicas", 1) > sketch.room:
            entry["replicas"] = 1
        _draw_rest(draw, sketch, entry, patched=100 if need else 88, built=55)


def _draw_rest(
    draw: Draw, sketch: _Sketch, entry: dict[str, Any], patched: int, built: int
) -> None:
    """Draw what every entry has, and add it; `patched` and `built` are percentages."""
    if _often(draw, 60):
        entry["criticality"] = draw(
            st.integers(1, 10) | st.integers(1, 999).map(lambda hundredths: hundredths / 100)
        )
    if not _often(draw, built):
        entry["blue_green"] = False
    if entry.get("replicas", 1) <= sketch.room and _often(draw, patched):
        sketch.room -= entry.get("replicas", 1)
        named = bool(sketch.patches) and _often(draw, 50)
        entry["patch"] = (
            draw(st.sampled_from(sorted(sketch.patches))) if named else draw(_patches(sketch))
        )
    elif _often(draw, 50):
        entry["patch"] = None
    sketch.nodes.append(entry)


def _draw_edges(draw: Draw, sketch: _Sketch) -> None:
    """Draw edges among all pairs of ends that are allowed."""
    reading = Reading(sketch.scenario())
    ends = [*sketch.services, *reading.nodes]
    pairs = [
        (source, target)
        for source in ends
        for target in ends
        if source != target
        and source not in reading.instances.get(target, ())
        and target not in reading.instances.get(source, ())
    ]
    if not pairs:
        return
    alike = [None, "compatible", "compatible", "compatible", "degraded", "degraded", "degraded"]
    for pair in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=7)):
        nodes = sum(end not in reading.instances for end in pair)
        sketch.edges[pair] = draw(st.sampled_from([*alike, *["incompatible"] * (1 + nodes // 2)]))
    guests = [node for node in reading.nodes.values() if node.host is not None]
    if guests and _often(draw, 15):
        guest = draw(st.sampled_from(guests))
        sketch.edges[guest.id, str(guest.host)] = "incompatible"


def _join_units(sketch: _Sketch, max_units: int) -> None:
    """Join the first two units until there are few enough."""
    while len(units := Reading(sketch.scenario()).units) > max_units:
        sketch.edges[units[0][0], units[1][0]] = "incompatible"


@st.composite
def _service(draw: Draw, instances: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(["default", "number", "all but one", "all", "share"]))
    if kind == "default":
        return {}
    if kind == "share":
        return {"min_up": f"{draw(st.integers(0, 100))}%"}
    least = {"number": 0, "all but one": max(0, instances - 1), "all": instances}[kind]
    return {"min_up": draw(st.integers(least, max(least, instances - 1)))}


@st.composite
def _constraints(draw: Draw, sketch: _Sketch, reading: Reading) -> dict[str, Any]:
    """Draw constraints that every unit can meet alone."""
    longest = sketch.max_duration
    constraints: dict[str, Any] = {}
    sizes = [len(unit) for unit in reading.units]
    if _often(draw, 60):
        constraints["max_parallel"] = max(sizes) + draw(st.integers(0, 2))
    surge = draw(st.sampled_from(["omitted", "null", "none", "some"]))
    if surge != "omitted":
        constraints["surge"] = {"null": None, "none": 0, "some": draw(st.integers(1, 3))}[surge]
    if _often(draw, 65):
        constraints["dependency_order"] = draw(st.sampled_from(["none", "strict", "strict"]))
    overhead = draw(st.integers(0, max(1, longest // 3))) if _often(draw, 40) else 0
    if overhead:
        constraints["step_overhead"] = overhead
    if _often(draw, 45):
        work = max(reading.duration(unit) + reading.warmup(unit) for unit in reading.units)
        constraints["windows"] = draw(_windows(overhead + work, longest))
    if _often(draw, 97 if sketch.trouble else 30):
        # Days in which nodes crash every minute would take long to go through.
        most = draw(st.sampled_from([1, 4, 4, 30] if sketch.trouble else [4])) * longest
        constraints["horizon"] = draw(_durations(1, most))
    if _often(draw, 40):
        constraints["max_retries"] = draw(st.integers(0, 2))
    if _often(draw, 50 if sketch.trouble else 30):
        constraints["abort_after_failures"] = draw(st.none() | st.integers(1, 3))
    if sketch.trouble and _often(draw, 30):
        constraints["abort_share"] = draw(st.sampled_from([0.1, 0.5, 0.75, 1]))
    return constraints


@st.composite
def _windows(draw: Draw, needed: int, slack: int) -> dict[str, Any]:
    """Draw windows, one of which holds `needed` seconds; some wrap past the end of the period."""
    length = needed + draw(st.integers(0, slack))
    every = length if _often(draw, 10) else length + draw(st.integers(0, 2 * slack))
    windows = [{"start": draw(st.integers(0, every - 1)), "duration": length}]
    for _ in range(draw(st.integers(0, 2))):
        start, duration = draw(st.integers(0, every - 1)), draw(st.integers(1, max(1, every // 3)))
        windows.append({"start": start, "duration": duration})
    return {"every": every, "open": draw(st.permutations(windows))}
