"""A plan in sum: time, planned downtime, what it gives up and why, what it breaks."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from patchopt.model.quantities import format_milli
from patchopt.reports.pages.markdown import clock, code, escape, names
from patchopt.reports.trace.nominal import NominalRun, breaks
from patchopt.wording import plural

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan


def in_sum(run: NominalRun) -> str:
    """Say what a plan takes, what it gives up and why, and what it breaks.

    Parameters
    ----------
    run : NominalRun
        Of the plan.

    Returns
    -------
    str
        Markdown, a list.
    """
    limits, outcome = run.infrastructure.limits, run.outcome
    lines = [
        f"- **Time in all**: {clock(run.end_s)}"
        + (f", beyond the horizon of {clock(limits.horizon_s)}" if _late(run) else ""),
        f"- **Exposure**: {format_milli(outcome.exact('exposure'))} weight·s",
        f"- **Planned downtime**: {_downtime(run, allowed=True)}",
        *_given_up(run),
    ]
    broken = breaks(run)
    if broken:
        lines.append(f"- **Breaks**: {escape(', '.join(broken))}")
    if any(not outage.allowed for outage in run.outages):
        lines.append(f"- **Downtime that no step allows**: {_downtime(run, allowed=False)}")
    dark = _dark(run)
    if dark:
        lines.append(f"- **No instance serves, as min\\_up 0 allows**: {dark}")
    if run.outcome.exact("aborted"):
        lines.append(f"- **Leaves out what never can start**: {escape(str(_reason(run)))}")
    return "\n".join(lines) + "\n"


def _late(run: NominalRun) -> bool:
    return run.end_s > run.infrastructure.limits.horizon_s


def _reason(run: NominalRun) -> object:
    return run.outcome.columns["abort_reason"][0]


def _downtime(run: NominalRun, *, allowed: bool) -> str:
    """Say how long which services are below min_up, by leave of the plan or not."""
    total: defaultdict[str, int] = defaultdict(int)
    for outage in run.outages:
        if outage.allowed == allowed:
            total[outage.service] += outage.length_s
    return _of_services(total)


def _of_services(total: dict[str, int]) -> str:
    if not total:
        return "none"
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{code(name)} {clock(seconds)}" for name, seconds in ordered[:10])
    return told + (f" and {plural(len(ordered) - 10, 'other service')}" if ordered[10:] else "")


def _dark(run: NominalRun) -> str:
    """Say which services have no instance serving though none is below its min_up."""
    services, serving = run.infrastructure.services, run.serving
    lengths = serving.times_s[1:] - serving.times_s[:-1]
    none = (serving.values[:-1] == 0) & (services.instances > 0) & (services.min_up == 0)
    seconds = lengths @ none
    total = {name: int(s) for name, s in zip(services.names, seconds, strict=True) if s}
    return _of_services(total) if total else ""


def _given_up(run: NominalRun) -> list[str]:
    """Say what the plan gives up on purpose, and why."""
    infrastructure, plan = run.infrastructure, run.plan
    lines = []
    by_service: defaultdict[str, list[str]] = defaultdict(list)
    for step in plan.steps:
        for service in step.waives:
            by_service[service] += step.nodes
    for service, nodes in by_service.items():
        at = infrastructure.services.names.index(service)
        has = plural(int(infrastructure.services.instances[at]), "instance")
        needed = int(infrastructure.services.min_up[at])
        lines.append(
            f"- **Gives up** min\\_up of {code(service)} for {names(nodes)}: {has}, min\\_up "
            f"{needed}; no work in place keeps it, and no copy can be built beside"
        )
    left = _left_out(infrastructure, plan)
    if left:
        why = "the planner was told to leave out what it cannot do within the constraints"
        told = plan.strategy.parameters.get("on_infeasible") == "skip"
        lines.append(
            f"- **Leaves unpatched**, though a patch is there: {names(left)}"
            + (f"; {why}" if told else "")
        )
    return lines


def _left_out(infrastructure: Infrastructure, plan: Plan) -> list[str]:
    nodes = infrastructure.nodes
    done = {name for step in plan.steps for name in step.nodes}
    return [
        name
        for name, patched in zip(nodes.ids, nodes.patched, strict=True)
        if patched and name not in done
    ]
