"""Checks a plan and its certificate: everything that can be known without a solver (MODEL 9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from patchopt.errors import PlanError
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Items
from patchopt.model.plan import Certificate, Plan
from patchopt.model.proof import Claim, Proof
from patchopt.model.quantities import format_milli
from patchopt.verify.bound import Case, recomputed_bound_milli, without_search_milli
from patchopt.verify.certificates import misplaced, planned_items, wrong_figures
from patchopt.verify.execution import Execution, execute
from patchopt.verify.fitting import need_fit
from patchopt.verify.keeping import broken, split_units
from patchopt.verify.verdict import BoundStands, Finding, Verdict, note, wrong

#: Proves claims anew; returns those that hold.
Prover = Callable[[Infrastructure, Items, Collection[Claim]], Collection[Claim]]

#: Kinds of proofs that only repeating the search would check.
_BY_SEARCH: Final = ("cp_sat", "enumeration")


def verify(
    plan: Plan,
    infrastructure: Infrastructure,
    prove: Prover | None = None,
    *,
    source: str = "plan",
) -> Verdict:
    """Check a plan and its certificate without any solver, search or simulator.

    The plan is executed by its partial order and swept for constraints that it does not keep;
    objective, gap and status are computed anew; the bound is recomputed from the proof.

    Parameters
    ----------
    plan : Plan
        Well-formed by itself.
    infrastructure : Infrastructure
        What it is for.
    prove : callable, optional
        Proves the claims of the proof anew. Without it no claim is used.
    source : str
        Name of the plan's file, for messages.

    Returns
    -------
    Verdict

    Raises
    ------
    PlanError
        If the plan is not one of that scenario at all.
    """
    need_fit(plan, infrastructure, source)
    found = execute(plan, infrastructure)
    findings = list(_kept(plan, infrastructure, found))
    certificate = plan.certificate
    if certificate is None:
        findings.append(note("certificate", "there is none: nothing is claimed of the exposure"))
        return Verdict(
            exposure_milli=found.exposure_milli,
            completion_s=found.completion_s,
            certified=False,
            findings=tuple(findings),
        )
    findings += wrong_figures(certificate, found)
    stands: BoundStands = "not claimed"
    shown: int | None = None
    used: tuple[Claim, ...] = ()
    try:
        items = planned_items(certificate, infrastructure)
        findings += misplaced(plan, infrastructure, found, items)
        if certificate.bound is not None:
            shown, used = _shown(certificate.proof, infrastructure, items, prove)
            stands = _stands(certificate, shown, unasked=prove is None)
            findings += _bound(certificate, stands, shown, used)
    except PlanError as error:
        stands = "not shown" if certificate.bound is not None else stands
        findings.append(wrong(error.place or "", _without_place(error)))
    return Verdict(
        exposure_milli=found.exposure_milli,
        completion_s=found.completion_s,
        certified=True,
        bound=stands,
        shown_milli=shown,
        claims=used,
        findings=tuple(findings),
    )


def _without_place(error: PlanError) -> str:
    return error.message if error.remedy is None else f"{error.message}: {error.remedy}"


def _kept(plan: Plan, infrastructure: Infrastructure, found: Execution) -> Iterator[Finding]:
    """Tell what the plan does not keep, and what of it says nothing."""
    for it in broken(plan, infrastructure, found):
        step = plan.steps[it.step]
        if step.guarded and plan.certificate is None:
            waits = f"it would wait at {it.at_s} s ({it.text}); what follows is not checked"
            yield note(f"steps.{it.step}", waits)
        else:
            yield wrong(f"steps.{it.step}", f"{it.what} at {it.at_s} s: {it.text}")
    whole = (plan.certificate or plan.strategy).parameters.get("respect_units", True)
    for it in split_units(plan, infrastructure, found):
        if whole:
            yield wrong(f"steps.{it.step}", it.text)
    if any(step.gate is not None for step in plan.steps):
        yield note("steps", "gates are passed: nothing fails here")
    left = len(infrastructure.units.idx) - len(found.commit_s)
    if left and plan.certificate is None:
        yield note("steps", f"{left} nodes with a patch are left out")


def _shown(
    proof: Proof | None, infrastructure: Infrastructure, items: Items, prove: Prover | None
) -> tuple[int, tuple[Claim, ...]]:
    """Return the bound that can be shown, and the claims that it takes."""
    case = Case(infrastructure, items)
    if proof is None:
        return without_search_milli(case), ()
    proven = () if prove is None or not proof.claims else prove(infrastructure, items, proof.claims)
    used = tuple(claim for claim in proof.claims if claim in proven)
    shown = recomputed_bound_milli(case, proof, used)
    if proof.kind in _BY_SEARCH:
        shown = max(shown, without_search_milli(case))
    return shown, used


def _stands(certificate: Certificate, shown: int, *, unasked: bool) -> BoundStands:
    """Say how a bound stands; claims that nobody was asked to prove are as search is."""
    assert certificate.bound is not None  # noqa: S101 - asked only where there is one
    if certificate.bound <= shown:
        return "shown"
    proof = certificate.proof
    by_search = proof is None or proof.kind in _BY_SEARCH or (unasked and bool(proof.claims))
    return "not checked" if by_search else "not shown"


def _bound(
    certificate: Certificate, stands: BoundStands, shown: int, used: tuple[Claim, ...]
) -> Iterator[Finding]:
    proof = certificate.proof
    unused = 0 if proof is None else len(proof.claims) - len(used)
    if stands == "not checked":
        if proof is None:
            how = "it has no proof"
        else:
            how = "it takes claims of a solver" if unused else "it was proved by search alone"
        text = f"{how}: not checked without repeating it; without, {format_milli(shown)} is shown"
        yield note("certificate.bound", text)
    if stands == "not shown":
        assert certificate.bound is not None  # noqa: S101 - it stands somehow
        text = f"it says {format_milli(certificate.bound)}, its proof shows {format_milli(shown)}"
        yield wrong("certificate.bound", text)
    if unused:
        yield note("certificate.proof.claims", f"{unused} claims of a solver are not used")
