"""Presets of failures: one set of figures for every patch of a scenario (MODEL 11)."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from patchopt.model.base import Frozen
from patchopt.model.failures import (
    Defect,
    Environment,
    Latent,
    Rollback,
    Sigma,
    Spread,
    nominal_s,
    require_delay,
)
from patchopt.model.quantities import Probability
from patchopt.model.scenario import Patch, Scenario


class FailurePreset(Frozen):
    """How things go wrong, in place of what a scenario says of it.

    Nominal durations, also those of rollbacks, stay the scenario's own.
    """

    name: Annotated[str, Field(min_length=1)]
    """Of the preset."""
    failure_probability: Probability = 0.0
    """Probability that one attempt on one node fails."""
    duration_sigma: Sigma = 0.0
    """Spread of the durations of patches."""
    rollback_failure_probability: Probability = 0.0
    """Probability that a rollback leaves its node FAILED."""
    rollback_sigma: Sigma = 0.0
    """Spread of the durations of rollbacks."""
    defect: Defect | None = None
    """Common-cause failures of a bad release."""
    latent: Latent | None = None
    """Failures that only show in service."""
    environment: Environment = Environment()
    """What happens to nodes by itself."""

    @model_validator(mode="after")
    def _latent_failures_have_a_delay(self) -> Self:
        require_delay(self.defect, self.latent)
        return self

    def apply(self, scenario: Scenario) -> Scenario:
        """Return a scenario with these failures in place of its own.

        Parameters
        ----------
        scenario : Scenario
            Left as it is.

        Returns
        -------
        Scenario
            Of the same name; its fingerprint is another one.
        """
        patches = {name: self._patch(patch) for name, patch in scenario.patches.items()}
        nodes = tuple(
            node.model_copy(update={"patch": self._patch(node.patch)})
            if isinstance(node.patch, Patch)
            else node
            for node in scenario.nodes
        )
        update = {"patches": patches, "nodes": nodes, "environment": self.environment}
        applied = scenario.model_copy(update=update)
        # What is checked of the whole, ids and nominal times, is as before.
        return applied.as_sound() if scenario.known_sound else applied

    def _patch(self, patch: Patch) -> Patch:
        update: dict[str, Any] = {
            "duration": _spread(nominal_s(patch.duration), self.duration_sigma),
            "failure_probability": self.failure_probability,
            "defect": self.defect,
            "latent": self.latent,
        }
        if patch.rollback_given is not None:
            duration = _spread(nominal_s(patch.rollback_given.duration), self.rollback_sigma)
            chance = self.rollback_failure_probability
            update["rollback"] = Rollback(duration=duration, failure_probability=chance)
        return patch.model_copy(update=update)


def with_failures(scenario: Scenario, preset: FailurePreset | None) -> Scenario:
    """Return a scenario with the failures of a preset; without one, it keeps its own."""
    return scenario if preset is None else preset.apply(scenario)


def _spread(nominal: int, sigma: float) -> int | Spread:
    return Spread(nominal=nominal, sigma=sigma) if sigma > 0 else nominal
