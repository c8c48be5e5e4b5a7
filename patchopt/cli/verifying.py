"""``patchopt verify``: whether a plan and its certificate hold."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from patchopt.cli import printing

if TYPE_CHECKING:
    from patchopt.model.plan import Plan
    from patchopt.verify import Prover, Verdict

#: Most findings that are shown to a person.
_SHOWN: Final = 20


def deliver_verdict(path: Path, scenario: str, *, reprove: bool, as_json: bool) -> int:
    """Check a plan's file, print the verdict, and return the exit code."""
    from patchopt.files import load_scenario, read_plan
    from patchopt.model.build import build_infrastructure
    from patchopt.verify import verify

    infrastructure = build_infrastructure(load_scenario(scenario))
    plan = read_plan(path)
    prove = _prover() if reprove else None
    verdict = verify(plan, infrastructure, prove, source=str(path))
    if as_json:
        printing.as_json({"plan": str(path), "valid": verdict.valid} | _as_rows(verdict))
    else:
        sys.stdout.write("\n".join(_lines(path, plan, verdict)) + "\n")
    return 0 if verdict.valid else 1


def _prover() -> Prover:
    """Return what proves the claims of a proof again."""
    from patchopt.optimizer.bounds.claims import proven
    from patchopt.optimizer.problem import problem_of

    return lambda infrastructure, items, claims: proven(problem_of(infrastructure, items), claims)


def _as_rows(verdict: Verdict) -> dict[str, Any]:
    rows = asdict(verdict)
    rows["claims"] = [claim.model_dump(mode="json") for claim in verdict.claims]
    return rows


def _lines(path: Path, plan: Plan, verdict: Verdict) -> list[str]:
    from patchopt.model.quantities import format_duration, format_milli

    exposure = format_milli(verdict.exposure_milli)
    executed = f"exposure {exposure} weight·s, done after {format_duration(verdict.completion_s)}"
    lines = [
        f"{path}: {'valid' if verdict.valid else 'NOT VALID'}",
        f"plan: {len(plan.steps)} steps, executed: {executed}",
    ]
    certificate = plan.certificate
    if certificate is not None and certificate.bound is not None:
        lines.append(_bound_line(certificate.bound, verdict))
    found = sorted(verdict.findings, key=lambda it: not it.wrong)
    for finding in found[:_SHOWN]:
        kind = "wrong" if finding.wrong else "note"
        lines.append(f"{kind}: {finding.place}: {finding.text}")
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more; --json has them all")
    return lines


def _bound_line(bound_milli: int, verdict: Verdict) -> str:
    from patchopt.model.quantities import format_milli

    text = f"bound: {format_milli(bound_milli)} weight·s, {verdict.bound}"
    if verdict.bound == "shown" and verdict.exposure_milli:
        gap = (verdict.exposure_milli - bound_milli) / verdict.exposure_milli
        text += f"; gap {100 * gap:.2f}%"
    if verdict.claims:
        text += f", with {len(verdict.claims)} claims proven again"
    return text
