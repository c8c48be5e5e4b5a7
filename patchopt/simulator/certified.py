"""Whether the certificate of a plan that was read is that of its steps."""

from __future__ import annotations

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan
from patchopt.model.quantities import format_milli
from patchopt.simulator.running import simulate


def keep_true_certificate(plan: Plan, infrastructure: Infrastructure) -> tuple[Plan, str | None]:
    """Drop a certificate whose objective is not the nominal exposure of the steps (MODEL 9).

    Parameters
    ----------
    plan : Plan
        That fits the infrastructure.
    infrastructure : Infrastructure
        What it is for; failures play no part.

    Returns
    -------
    Plan
        The same, without its certificate where that does not hold.
    str or None
        Why it was dropped, ready for a warning.
    """
    if plan.certificate is None or plan.certificate.objective is None:
        return plan, None
    nominal = simulate(infrastructure.without_failures(), plan, seed=0)
    exposure_milli = nominal.exact("exposure")
    claimed_milli = plan.certificate.objective
    if exposure_milli == claimed_milli:
        return plan, None
    why = (
        f"the plan's certificate is dropped: it says an exposure of {format_milli(claimed_milli)} "
        f"weight·s, its steps have {format_milli(exposure_milli)}; "
        "optimize the scenario anew for one that holds"
    )
    return plan.model_copy(update={"certificate": None}), why
