"""How things go wrong, as written in a scenario (MODEL 2 and 11)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from patchopt.model.base import Frozen
from patchopt.model.quantities import PositiveDuration, Probability

#: Standard deviation of a duration's logarithm.
Sigma = Annotated[float, Field(ge=0, le=3, strict=False)]


class Spread(Frozen):
    """A duration that varies: lognormal, with its nominal value as the median."""

    nominal: PositiveDuration
    """The median; what planners reckon with."""
    sigma: Sigma = 0.0
    """Standard deviation of the logarithm; 0.3 is a spread of about a third, 0 none."""


# Tags are in angle brackets, which tells them from keys in the places of complaints.
def _is_mapping(value: Any) -> str:
    return "<spread>" if isinstance(value, dict | Spread) else "<plain>"


#: A duration of at least one second, fixed or varying.
VariableDuration = Annotated[
    Annotated[PositiveDuration, Tag("<plain>")] | Annotated[Spread, Tag("<spread>")],
    Discriminator(_is_mapping),
]


def nominal_s(duration: int | Spread) -> int:
    """Return the seconds that planners reckon with.

    Examples
    --------
    >>> nominal_s(120), nominal_s(Spread(nominal=120, sigma=0.3))
    (120, 120)
    """
    return duration.nominal if isinstance(duration, Spread) else duration


def sigma_of(duration: int | Spread) -> float:
    """Return the spread of a duration's logarithm, 0 for one that is fixed."""
    return duration.sigma if isinstance(duration, Spread) else 0.0


class Rollback(Frozen):
    """A rollback that may fail in turn."""

    duration: VariableDuration
    """Duration of the rollback."""
    failure_probability: Probability = 0.0
    """Probability that it leaves its node FAILED."""


def _rollback_kind(value: Any) -> str:
    return "<long>" if isinstance(value, dict | Rollback) else "<plain>"


RollbackOfPatch = Annotated[
    Annotated[PositiveDuration, Tag("<plain>")] | Annotated[Rollback, Tag("<long>")],
    Discriminator(_rollback_kind),
]


class Latent(Frozen):
    """A latent failure: the patch commits well, then turns out bad in service."""

    probability: Probability
    """Probability that it does, for each node."""
    delay: VariableDuration
    """From the commit until the node is IMPAIRED."""


class Defect(Frozen):
    """A bad release: a common cause of failure for all nodes of one patch."""

    probability: Probability
    """Probability that the release is defective."""
    failure_probability: Probability
    """Probability that an attempt fails if it is."""
    latent_probability: Probability = 0.0
    """Probability that a node turns out bad in service if it is."""


class Detection(Frozen):
    """What watches the nodes."""

    probability: Probability
    """Probability that an IMPAIRED node is ever detected."""
    delay: VariableDuration
    """From the impairment until it is detected."""
    false_alarms_per_day: Annotated[float, Field(ge=0, le=86400, strict=False)] = 0.0
    """Mean number of alarms about nothing, of the whole watch."""


class Crash(Frozen):
    """Crashes of any node, patch or no patch."""

    mtbf: PositiveDuration
    """Mean time in service until a crash."""
    shape: Annotated[float, Field(ge=0.2, le=20, strict=False)] = 1.0
    """Of the Weibull life; below 1: early failures, 1: no memory, above: wear."""


class Review(Frozen):
    """Somebody looks at a plan that has stopped, and lets it go on."""

    delay: VariableDuration
    """From the stop until the plan goes on."""


class Respin(Frozen):
    """A defective release is replaced by a new one, and the plan starts on it anew."""

    delay: VariableDuration
    """From the stop until the new release is there."""
    defect_probability: Probability = 0.0
    """Probability that the new release is defective as well."""


def require_delay(defect: Defect | None, latent: Latent | None) -> None:
    """Refuse latent failures of a defective release that nothing says the delay of."""
    if defect is not None and defect.latent_probability > 0 and latent is None:
        raise ValueError(
            "defect.latent_probability says nothing of the delay; "
            "add latent: {probability: 0, delay: ...}"
        )


class Environment(Frozen):
    """What happens to nodes by itself."""

    repair: VariableDuration | None = None
    """Until a node that is FAILED is back, HEALTHY and old; null: never."""
    detection: Detection | None = None
    """Detection of latent failures; null: none."""
    crash: Crash | None = None
    """Crashes; null: none."""
    review: Review | None = None
    """After a stop, the plan goes on; null: a stop is for good."""
    respin: Respin | None = None
    """After a stop, defective releases are replaced; null: they stay as they are."""
