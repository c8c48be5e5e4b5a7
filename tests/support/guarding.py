"""What keeps work from starting, by how a run stands (MODEL 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from support.replay import Replay

Members = tuple[str, ...]

WINDOW = "outside the windows"


def away(run: Replay, action: str, members: Collection[str]) -> bool:
    """Whether something that an attempt needs has FAILED or crashed; builds mind only hosts.

    Who is back while the rollback goes on that its crash has cut short is not free yet.
    """
    if any(run.nodes[node].crew for node in members):
        return True
    needed = {host for node in members for host in run.hosts[node]}
    needed |= set(members) if action == "patch" else set()
    return any(run.nodes[node].failed for node in needed)


def length(run: Replay, units: Sequence[Members]) -> int:
    """Return how long work on some units takes, as planned; a switch has none."""
    return max((run.reading.length(unit) for unit in units), default=run.reading.step_overhead)


def refusals(
    run: Replay,
    action: str,
    units: Sequence[Members],
    waived: Collection[str],
    *,
    hopeful: bool = False,
) -> list[str]:
    """Return the constraints that work, started now, would break.

    Parameters
    ----------
    run
        How things stand.
    action
        ``patch``, ``build``, ``switch`` or ``pause``.
    units
        Who is worked on; of a switch nobody.
    waived
        Services whose min_up the guard gives up.
    hopeful
        Ask it as if all that has failed were back.
    """
    if action == "pause" or (action != "switch" and not units):
        return []
    reading, found = run.reading, []
    nodes = [node for unit in units for node in unit]
    if reading.max_parallel is not None and nodes:
        found += ["max_parallel"] * (run.crew.total() + len(nodes) > reading.max_parallel)
    if reading.surge is not None and action == "build":
        found += ["surge"] * (run.surge + len(nodes) > reading.surge)
    if not reading.windows.holds(run.now, run.now + length(run, units)):
        found.append(WINDOW)
    hosts = {host for node in nodes for host in run.hosts[node]}
    out = {host for host in hosts if run.nodes[host].out}
    if hopeful:
        out = {host for host in out if not run.nodes[host].failed}
    found += ["a host conflict"] * (bool(out) or (action == "patch" and _guests(run, units)))
    found += ["dependency order"] * (not run.in_order(nodes))
    if action == "patch":
        down = {node for unit in units for node in reading.down_set(unit)}
        found += short(run, down, waived, hopeful=hopeful)
    return found


def rollback_refusals(run: Replay, members: Members, waived: Collection[str]) -> list[str]:
    """Return the constraints that a rollback in service, started now, would break."""
    found, crew = [], run.reading.max_parallel
    if crew is not None and run.crew.total() + len(members) > crew:
        found.append("max_parallel")
    found += short(run, run.reading.down_set(members), waived)
    return found + unready(run, members)


def unready(run: Replay, members: Members) -> list[str]:
    """Return what a rollback in service waits for even where it is not guarded."""
    hosts = {host for node in members for host in run.hosts[node]}
    found = ["a member at work"] * any(run.nodes[node].crew for node in members)
    found += ["a host out"] * any(run.nodes[host].out for host in hosts)
    return found + ["a guest at work"] * _guests(run, [members])


def _guests(run: Replay, units: Sequence[Members]) -> bool:
    """Whether units in place take a host down under work, or under each other."""
    working = [name for name, node in run.nodes.items() if node.crew]
    return any(
        run.hosts[node] & run.reading.going_down(unit)
        for unit in units
        for others in [working, *(other for other in units if other != unit)]
        for node in others
    )


def short(
    run: Replay, down: set[str], waived: Collection[str], *, hopeful: bool = False
) -> list[str]:
    """Return the services that have too few serving instances without some nodes."""
    found: list[str] = []
    for service, instances in run.reading.instances.items():
        rest = set(instances) - down
        needed = run.reading.min_up[service]
        if service in waived:  # a waiver takes away, and never asks for more
            needed = min(needed, len(rest))
        up = len(rest) if hopeful else sum(run.serves(node) for node in rest)
        if len(rest) < len(instances) and up < needed:
            found.append(f"min_up of {service}")
    return found
