"""Whether the certificate of a plan is to be believed: asked once, when it is made or read."""

from __future__ import annotations

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, with_certificate
from patchopt.verify.checking import Prover, verify


def with_verdict(
    plan: Plan, infrastructure: Infrastructure, prove: Prover | None = None
) -> tuple[Plan, str | None]:
    """Check a certificate, and let it say how its bound stands, or drop it where it is false.

    Parameters
    ----------
    plan : Plan
        That fits the infrastructure.
    infrastructure : Infrastructure
        What it is for; failures play no part.
    prove : callable, optional
        As in `verify`.

    Returns
    -------
    Plan
        The same with the verdict in its certificate, or without one.
    str or None
        Why it was dropped, ready for a warning.
    """
    certificate = plan.certificate
    if certificate is None:
        return plan, None
    verdict = verify(plan, infrastructure, prove)
    wrong = [finding for finding in verdict.findings if finding.wrong]
    if wrong:
        why = (
            f"the plan's certificate is dropped: {wrong[0].place}: {wrong[0].text}; "
            "optimize the scenario anew for one that holds"
        )
        return plan.model_copy(update={"certificate": None}), why
    stands = verdict.bound if verdict.bound in ("shown", "not checked") else None
    judged = certificate.model_copy(update={"bound_is": stands})
    return with_certificate(plan, judged), None
