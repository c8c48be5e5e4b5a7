"""Whether what a certificate says holds together: its figures, and which plans it is about."""

from __future__ import annotations

from collections.abc import Iterator

from patchopt.errors import InfeasibleError, PlanError
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item, Items, items_of
from patchopt.model.plan import Certificate, Plan
from patchopt.model.quantities import format_milli
from patchopt.verify.execution import Execution
from patchopt.verify.verdict import Finding, wrong


def wrong_figures(certificate: Certificate, found: Execution) -> Iterator[Finding]:
    """Hold objective, gap and status against the exposure and each other."""
    objective, bound = certificate.objective, certificate.bound
    if objective is None:
        yield wrong("certificate.objective", "there is none, yet there is a plan")
        return
    if objective != found.exposure_milli:
        text = f"it says {format_milli(objective)} weight·s, the steps have "
        yield wrong("certificate.objective", text + format_milli(found.exposure_milli))
    if bound is not None and bound > objective:
        yield wrong("certificate.bound", "it is above the objective")
    if certificate.status not in ("optimal", "feasible"):
        yield wrong("certificate.status", f"it is '{certificate.status}', yet there is a plan")
    if certificate.status == "optimal" and bound != objective:
        yield wrong("certificate.status", "it is 'optimal', but the bound is not the objective")
    if bound is None:
        if certificate.gap is not None:
            yield wrong("certificate.gap", "there is one without a bound")
        return
    gap = (objective - bound) / objective if objective else 0.0
    if certificate.gap is None or abs(certificate.gap - gap) > 1e-9:
        yield wrong("certificate.gap", f"it says {certificate.gap}, it is {gap:.9g}")


def planned_items(certificate: Certificate, infrastructure: Infrastructure) -> Items:
    """Return what a certificate says is planned.

    Raises
    ------
    PlanError
        If its parameters are none.
    """
    place = "certificate.parameters"
    whole = certificate.parameters.get("respect_units", True)
    otherwise = certificate.parameters.get("on_infeasible", "downtime")
    if not isinstance(whole, bool):
        raise PlanError("respect_units is neither true nor false", place=place)
    if otherwise not in ("downtime", "skip", "error"):
        raise PlanError("on_infeasible is none of downtime, skip, error", place=place)
    try:
        return items_of(infrastructure, respect_units=whole, on_infeasible=otherwise)
    except InfeasibleError as error:
        raise PlanError(error.message, place=place) from None


def misplaced(
    plan: Plan, infrastructure: Infrastructure, found: Execution, items: Items
) -> Iterator[Finding]:
    """Tell where the plan is not one of those that its bound is about."""
    item_of = {item.nodes: item for item in items.placed}
    names = infrastructure.services.names
    in_step: dict[int, int] = {}
    for job in found.jobs:
        step, place = plan.steps[job.step], f"steps.{job.step}"
        in_step[job.step] = in_step.get(job.step, 0) + 1
        item = item_of.pop(job.nodes, None)
        who = ", ".join(infrastructure.nodes.ids[node] for node in job.nodes[:4])
        if item is None:
            yield wrong(place, f"{who}: not what the certificate's parameters plan for")
        elif step.action == "patch" and not item.in_place:
            yield wrong(place, f"{who}: cannot be worked on in place, only built beside")
        elif extra := set(step.waives) - {names[service] for service in item.waives}:
            yield wrong(place, f"{who}: waives {min(extra)}, which it need not")
        if step.waives and in_step[job.step] > 1:
            yield wrong(place, f"{who}: not alone in a step that waives {min(step.waives)}")
    yield from _forgotten(infrastructure, list(item_of.values()))


def _forgotten(infrastructure: Infrastructure, items: list[Item]) -> Iterator[Finding]:
    if items:
        some = ", ".join(infrastructure.nodes.ids[item.nodes[0]] for item in items[:4])
        yield wrong("steps", f"{len(items)} units are not patched, among them that of {some}")
