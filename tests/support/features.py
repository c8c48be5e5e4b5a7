"""Which constraints of the model a scenario really uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

FEATURES = frozenset(
    {
        # sections 2 and 3: luck and constraints
        "luck given",
        "max_parallel",
        "surge none",
        "surge limited",
        "surge unlimited",
        "strict",
        "strict over a node without a patch",
        "strict cycle",
        "windows",
        "windows several",
        "window wraps",
        "window closed at the start",
        "windows always open",
        "step_overhead",
        "horizon given",
        "horizon omitted",
        "max_retries",
        "abort_after_failures",
        # patches
        "warmup",
        "live patch",
        "named patch",
        "inline patch",
        "shared inline patch",
        "patch unused",
        "failure",
        "certain failure",
        "defect",
        "rollback",
        "no rollback",
        "unit with and without rollback",
        "weightless",
        # nodes
        "node without patch",
        "replicas",
        "one replica",
        "no blue_green",
        "host",
        "nested host",
        "host patched in place",
        "host that can be built",
        "host and guest in one unit",
        "host and guest in two units",
        "entry named like its service",
        "node without service",
        # services and units
        "min_up number",
        "min_up share",
        "min_up default",
        "service without instance",
        "unit of several",
        "unit of unlike members",
        "two modes",
        "in place only",
        "blue-green only",
        "forced downtime",
        "forced downtime by guests",
        "skipped dependant",
        # edges
        "edge compatible",
        "edge degraded",
        "edge incompatible",
        "edge default",
        "edge node-node",
        "edge node-service",
        "edge service-node",
        "edge service-service",
        "edge without version",
    }
)
PROBABLE = frozenset({"failure", "certain failure", "defect"})
"""Features that need probabilities."""


def features(scenario: Mapping[str, Any]) -> set[str]:
    """Return the names, out of `FEATURES`, of what bears on this scenario."""
    reading = Reading(scenario)
    tests = (
        _constraints(scenario, reading)
        | _patches(scenario, reading)
        | _nodes(scenario, reading)
        | _units(scenario, reading)
        | _edges(scenario, reading)
    )
    return {name for name, present in tests.items() if present}


def _constraints(scenario: Mapping[str, Any], reading: Reading) -> dict[str, bool]:
    windows = (scenario.get("constraints") or {}).get("windows") or {"open": []}
    strict = reading.strict
    buildable = sum(len(unit) for unit in reading.units if reading.can_build(unit))
    direct = [
        {
            target
            for edge in reading.edges
            if set(edge.sources) & set(unit)
            for target in edge.targets
        }
        for unit in reading.units
    ]
    return {
        "max_parallel": reading.max_parallel is not None
        and reading.max_parallel < len(reading.patched),
        "surge none": reading.surge == 0,
        "surge limited": reading.surge is not None and 0 < reading.surge < buildable,
        "surge unlimited": reading.surge is None and buildable > 0,
        "strict": strict and any(reading.depends_on),
        "strict over a node without a patch": strict
        and any(
            not set(reading.units[other]) & direct[unit]
            for unit, others in enumerate(reading.depends_on)
            for other in others
            if any(reading.nodes[node].patch is None for node in direct[unit])
        ),
        "strict cycle": strict and bool(reading.cycles),
        "windows": not reading.windows.always,
        "windows several": not reading.windows.always and len(windows["open"]) > 1,
        "window wraps": not reading.windows.always
        and reading.windows.is_open(-1)
        and reading.windows.is_open(0),
        "window closed at the start": not reading.windows.is_open(0),
        "windows always open": reading.windows.always and bool(windows["open"]),
        "step_overhead": reading.step_overhead > 0,
        "horizon given": "horizon" in (scenario.get("constraints") or {}),
        "horizon omitted": "horizon" not in (scenario.get("constraints") or {}),
        "luck given": "luck" in scenario,
        "max_retries": reading.max_retries > 0,
        "abort_after_failures": reading.abort_after is not None,
    }


def _patches(scenario: Mapping[str, Any], reading: Reading) -> dict[str, bool]:
    patches = [reading.patch(node) for node in reading.patched]
    named = set(scenario.get("patches") or {})
    releases = {patch.release for patch in patches}
    rollbacks = [{reading.patch(node).rollback is None for node in unit} for unit in reading.units]
    return {
        "warmup": any(patch.warmup for patch in patches),
        "live patch": any(not patch.restart for patch in patches),
        "named patch": bool(releases & named),
        "inline patch": bool(releases - named),
        "shared inline patch": len({patch.release for patch in patches} - named)
        < sum(patch.release not in named for patch in patches),
        "patch unused": bool(named - releases),
        "failure": any(0 < patch.failure_probability < 1 for patch in patches),
        "certain failure": any(patch.failure_probability == 1 for patch in patches),
        "defect": any(patch.defect is not None and patch.defect[0] > 0 for patch in patches),
        "rollback": any(patch.rollback is not None for patch in patches),
        "no rollback": any(patch.rollback is None for patch in patches),
        "unit with and without rollback": {True, False} in rollbacks,
        "weightless": any(patch.severity == 0 for patch in patches),
    }


def _nodes(scenario: Mapping[str, Any], reading: Reading) -> dict[str, bool]:
    nodes = reading.nodes.values()
    entries = scenario["nodes"]
    hosts = {node.host for node in nodes if node.host is not None}
    placed = [
        (unit, set(unit) & reading.ancestors(node), set(reading.patched) & reading.ancestors(node))
        for unit in reading.units
        for node in unit
    ]
    return {
        "node without patch": any(node.patch is None for node in nodes),
        "replicas": any(entry.get("replicas", 1) > 1 for entry in entries),
        "one replica": any(entry.get("replicas") == 1 for entry in entries),
        "no blue_green": any(not node.blue_green and node.patch for node in nodes),
        "host": bool(hosts),
        "nested host": any(reading.nodes[host].host is not None for host in hosts),
        "host patched in place": any(
            host in reading.patched
            and not reading.nodes[host].blue_green
            and reading.patch(host).restart
            for host in hosts
        ),
        "host that can be built": any(
            host in unit and reading.can_build(unit) for unit in reading.units for host in hosts
        ),
        "host and guest in one unit": any(inside for _, inside, _ in placed),
        "host and guest in two units": any(below - set(unit) for unit, _, below in placed),
        "entry named like its service": any(e["id"] in reading.instances for e in entries),
        "node without service": any(n.service is None and n.type == "database" for n in nodes),
    }


def _units(scenario: Mapping[str, Any], reading: Reading) -> dict[str, bool]:
    written = [service.get("min_up") for service in scenario["services"].values()]
    forced = {unit for unit, it in enumerate(reading.units) if reading.modes(it) == ("forced",)}
    several = [unit for unit in reading.units if len(unit) > 1]
    modes = {reading.modes(unit) for unit in reading.units}
    return {
        "min_up number": any(isinstance(min_up, int) and min_up > 0 for min_up in written),
        "min_up share": any(isinstance(min_up, str) for min_up in written),
        "min_up default": None in written,
        "service without instance": not all(reading.instances.values()),
        "unit of several": bool(several),
        "unit of unlike members": any(
            len({(reading.patch(n).duration, reading.patch(n).warmup) for n in unit}) > 1
            for unit in several
        ),
        "two modes": ("in_place", "blue_green") in modes,
        "in place only": ("in_place",) in modes,
        "blue-green only": ("blue_green",) in modes,
        "forced downtime": bool(forced),
        "forced downtime by guests": any(
            not {reading.nodes[node].service for node in reading.units[unit]}
            >= reading.broken(reading.units[unit])
            for unit in forced
        ),
        "skipped dependant": reading.strict
        and any(others & forced for others in reading.depends_on),
    }


def _edges(scenario: Mapping[str, Any], reading: Reading) -> dict[str, bool]:
    edges = scenario.get("edges") or []
    compatibilities = [edge.get("compatibility", "default") for edge in edges]
    kinds = {
        "-".join("service" if edge[end] in reading.instances else "node" for end in ends)
        for edge in edges
        for ends in [("source", "target")]
    }
    return (
        {f"edge {name}": True for name in compatibilities}
        | {f"edge {kind}": True for kind in kinds}
        | {
            "edge without version": any(
                not set(end) & set(reading.patched)
                for edge in reading.edges
                for end in (edge.sources, edge.targets)
            )
        }
    )
