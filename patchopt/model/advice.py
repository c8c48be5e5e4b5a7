"""What is sound in a scenario but hardly meant: one line each, with place and remedy (MODEL 2)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from patchopt.errors import Problem
from patchopt.model.demands import Demands
from patchopt.model.facts import idle_facts
from patchopt.model.quantities import format_duration

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure

#: Most lines about one kind of thing.
_MOST = 10


def advice(infrastructure: Infrastructure) -> tuple[str, ...]:
    """Return what is worth knowing of a scenario, a line each.

    Parameters
    ----------
    infrastructure : Infrastructure
        Sound.

    Returns
    -------
    tuple of str
        Empty if there is nothing: cycles of the order, downtime that no plan avoids,
        incompatible edges without effect, a horizon that is short, nothing to patch, facts that
        are no fields.
    """
    kinds = (_downtime, _edges, _horizon, _nothing, _facts)
    found = [*_cycles(infrastructure)]
    for kind in kinds:
        found += _first(problem.render("") for problem in kind(infrastructure))
    return tuple(found)


def _first(lines: Iterator[str]) -> list[str]:
    shown = list(islice(lines, _MOST))
    more = sum(1 for _ in lines)
    return [*shown, f"and {more} more of that kind"] if more else shown


def _cycles(infrastructure: Infrastructure) -> Iterator[str]:
    for cycle in infrastructure.order.cycles:
        labels = [infrastructure.units.label(unit) for unit in cycle]
        yield f"dependency cycle: no order among {_some(labels)}"


def _some(labels: list[str]) -> str:
    return ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if labels[5:] else "")


def _downtime(infrastructure: Infrastructure) -> Iterator[Problem]:
    """Find the services below min_up in every plan that leaves nothing unpatched."""
    nodes, services, limits = infrastructure.nodes, infrastructure.services, infrastructure.limits
    groups = infrastructure.units.groups
    built = groups.can_build(nodes, limits)
    short = Demands.of(groups, nodes, len(services.names)).missing(services)
    unit_of = np.repeat(np.arange(len(groups)), np.diff(short.ptr))
    breaking: dict[int, list[int]] = {}
    for at in np.flatnonzero(~built[unit_of]).tolist():
        breaking.setdefault(int(short.service[at]), []).append(int(unit_of[at]))
    for service, units in sorted(breaking.items()):
        name = services.names[service]
        count, needed = int(services.instances[service]), int(services.min_up[service])
        instances = "one instance" if count == 1 else f"{count} instances"
        labels = _some([infrastructure.units.label(unit) for unit in units])
        why, remedy = _no_copy(infrastructure, units)
        yield Problem(
            ("services", name, "min_up"),
            f"'{name}' cannot be patched without downtime: {instances}, min_up {needed}, and "
            f"{why} for {labels}",
            f"lower min_up, add instances, or {remedy}",
        )


def _no_copy(infrastructure: Infrastructure, units: list[int]) -> tuple[str, str]:
    """Say why no copy can be built beside some units, and what would let it."""
    surge, size = infrastructure.limits.surge, int(infrastructure.units.size[units].max())
    members = [node for unit in units for node in infrastructure.units.members(unit)]
    allowed = bool(infrastructure.nodes.blue_green[members].all())
    why = [] if allowed else ["no copy (blue_green false)"]
    remedy = [] if allowed else ["allow blue_green"]
    if 0 <= surge < size:
        why.append("a surge that is too small" if surge else "no surge")
        remedy.append(f"give a surge of {size}")
    return " and ".join(why), " and ".join(remedy)


def _edges(infrastructure: Infrastructure) -> Iterator[Problem]:
    """Find the incompatible edges that join nothing."""
    nodes, services = infrastructure.nodes, infrastructure.services
    numbers = {name: number for number, name in enumerate(services.names)}

    def patched(end: str) -> bool:
        if end in numbers:
            return bool(nodes.patched[services.members(numbers[end])].any())
        return bool(nodes.patched[nodes.index[end]])

    for place, edge in enumerate(infrastructure.scenario.edges):
        if edge.compatibility != "incompatible":
            continue
        without = [end for end in (edge.source, edge.target) if not patched(end)]
        if without:
            yield Problem(
                ("edges", place, "compatibility"),
                f"the incompatible edge '{edge.source}' -> '{edge.target}' has no effect: "
                f"'{without[0]}' has nothing to patch",
                f"give '{without[0]}' a patch, or leave compatibility out",
            )


def _horizon(infrastructure: Infrastructure) -> Iterator[Problem]:
    """Compare a horizon that is given with the work; the usual one suits the crew."""
    given = infrastructure.scenario.constraints.horizon
    serial_s = int(infrastructure.units.length_s.sum())
    if given is not None and given < serial_s:
        serial = format_duration(serial_s)
        yield Problem(
            ("constraints", "horizon"),
            f"the horizon of {format_duration(given)} is shorter than the work of all units one "
            f"after another, {serial}",
            f"give at least {serial}, or leave it out",
        )


def _nothing(infrastructure: Infrastructure) -> Iterator[Problem]:
    if not len(infrastructure.units):
        yield Problem(("nodes",), "there is nothing to patch", "give a node a patch")


def _facts(infrastructure: Infrastructure) -> Iterator[Problem]:
    for pattern in idle_facts(infrastructure.scenario):
        yield Problem(
            ("facts",),
            f"'{pattern}' names no field that the scenario sets",
            "write a path such as patches.*.severity, nodes by their ids",
        )
