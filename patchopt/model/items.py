"""What a planner has to place: units, or bare nodes, and how each can be done (MODEL 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from patchopt.errors import InfeasibleError
from patchopt.model.demands import Demands, Groups
from patchopt.model.garbage import collector_paused
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.waiting import Waiting

OnInfeasible = Literal["downtime", "skip", "error"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One unit, or one bare node where units are ignored.

    Parameters
    ----------
    nodes : tuple of int
        Members, ascending.
    unit : int
        The unit that they are, or are part of.
    weight_milli : int
        Their weights together, in thousandths.
    duration_s, length_s : int
        Nominal d, and L = step_overhead + d + warmup.
    in_place : bool
        Whether it may be worked on in place.
    waives : tuple of int
        Services whose min_up in-place work must give up; empty if it is feasible.
    blue_green : bool
        Whether it may be built beside.
    """

    nodes: tuple[int, ...]
    unit: int
    weight_milli: int
    duration_s: int
    length_s: int
    in_place: bool
    waives: tuple[int, ...]
    blue_green: bool

    @property
    def size(self) -> int:
        """Crew places, and surge slots if it is built."""
        return len(self.nodes)


@dataclass(frozen=True, kw_only=True)
class Items:
    """All that is to be placed, and what is left out.

    Parameters
    ----------
    placed : tuple of Item
        In the order of their first nodes.
    skipped : tuple of int
        Units left unpatched: infeasible ones, and under strict order what depends on them.
    """

    placed: tuple[Item, ...]
    skipped: tuple[int, ...]


@collector_paused()
def items_of(
    infrastructure: Infrastructure,
    *,
    respect_units: bool = True,
    on_infeasible: OnInfeasible = "downtime",
) -> Items:
    """Return what a planner has to place.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    respect_units : bool
        False: every node for itself, whatever its incompatible edges say.
    on_infeasible : str
        What becomes of an item that neither fits in place nor can be built: done in
        place with the ``downtime`` counted, ``skip``, or ``error``.

    Returns
    -------
    Items

    Raises
    ------
    InfeasibleError
        If asked to, naming the unit, the service, and by how many instances.
    """
    units = infrastructure.units
    groups, unit_of = units.groups, np.arange(len(units))
    if not respect_units:
        groups = Groups(ptr=np.arange(len(units.idx) + 1), idx=units.idx)
        unit_of = np.repeat(unit_of, units.size)
    items = _items(infrastructure, groups, unit_of.tolist(), on_infeasible)
    skipped = {item.unit for item in items if not item.in_place and not item.blue_green}
    skipped = _with_dependants(infrastructure, skipped)
    placed = (item for item in items if item.unit not in skipped)
    in_order = sorted(placed, key=lambda item: item.nodes)
    return Items(placed=tuple(in_order), skipped=tuple(sorted(skipped)))


def _items(
    infrastructure: Infrastructure, groups: Groups, unit_of: list[int], on_infeasible: OnInfeasible
) -> list[Item]:
    nodes, limits = infrastructure.nodes, infrastructure.limits
    demands = Demands.of(groups, nodes, len(infrastructure.services.names))
    broken = demands.missing(infrastructure.services).rows()
    built = groups.can_build(nodes, limits).tolist()
    forced = [bool(short) and not build for short, build in zip(broken, built, strict=True)]
    duration_s = groups.over(nodes.duration_s, np.maximum)
    length_s = limits.overhead_s + duration_s + groups.over(nodes.warmup_s, np.maximum)
    weights = groups.over(nodes.weight_milli, np.add).tolist()
    members, ends = groups.idx.tolist(), groups.ptr.tolist()
    if on_infeasible == "error" and True in forced:
        at = forced.index(True)
        raise _infeasible(infrastructure, members[ends[at] : ends[at + 1]], dict(broken[at]))
    return [
        Item(
            nodes=tuple(members[ends[at] : ends[at + 1]]),
            unit=unit,
            weight_milli=weights[at],
            duration_s=duration,
            length_s=length,
            in_place=not broken[at] or (forced[at] and on_infeasible == "downtime"),
            waives=tuple(service for service, _ in broken[at]) if forced[at] else (),
            blue_green=built[at],
        )
        for at, (unit, duration, length) in enumerate(
            zip(unit_of, duration_s.tolist(), length_s.tolist(), strict=True)
        )
    ]


def _infeasible(
    infrastructure: Infrastructure, nodes: Sequence[int], broken: dict[int, int]
) -> InfeasibleError:
    names = infrastructure.services.names
    which = ", ".join(infrastructure.nodes.ids[node] for node in nodes)
    lacking = ", ".join(f"'{names[s]}' by {count}" for s, count in broken.items())
    return InfeasibleError(
        f"patching {which} in place takes service {lacking} below min_up, and it cannot be "
        "built blue-green",
        place=infrastructure.scenario.name,
        remedy="lower min_up, allow surge and blue_green, or set on_infeasible to downtime or skip",
    )


def _with_dependants(infrastructure: Infrastructure, skipped: set[int]) -> set[int]:
    """Add to some units those that wait for them in vain."""
    if not skipped:
        return skipped
    units = range(len(infrastructure.units))
    waiting = Waiting(units, infrastructure.order.component_of, infrastructure.dependencies)
    freed = list(waiting.first)
    for unit in freed:  # grows on the way
        if unit not in skipped:
            freed += waiting.done(unit)
    return skipped | set(units).difference(freed)
