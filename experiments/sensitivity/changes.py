"""Scenarios and presets with one number changed by a factor."""

from __future__ import annotations

from typing import Any

from patchopt.model.failures import Rollback, Spread
from patchopt.model.presets import FailurePreset
from patchopt.model.scenario import Patch, Scenario

FACTORS = (0.5, 1.5)

#: Of a preset, as paths; probabilities go no further than 1.
FAILURES = (
    "failure_probability",
    "duration_sigma",
    "rollback_failure_probability",
    "rollback_sigma",
    "defect.probability",
    "defect.failure_probability",
    "defect.latent_probability",
    "latent.probability",
    "latent.delay.nominal",
    "environment.repair.nominal",
    "environment.detection.probability",
    "environment.detection.delay.nominal",
    "environment.detection.false_alarms_per_day",
    "environment.crash.mtbf",
    "environment.review.delay.nominal",
    "environment.respin.delay.nominal",
    "environment.respin.defect_probability",
)
#: Of a scenario.
SCENARIO = ("durations", "rollbacks", "warmups", "max_parallel", "surge", "horizon")


def changed_preset(preset: FailurePreset, path: str, factor: float) -> FailurePreset:
    """Return a preset with the number at a path changed."""
    told = preset.model_dump(mode="json")
    *outer, last = path.split(".")
    place: Any = told
    for key in outer:
        place = place[key]
    value = place[last] * factor
    if last.endswith("probability"):
        value = min(value, 1.0)
    place[last] = round(value) if isinstance(place[last], int) else value
    return FailurePreset.model_validate(told)


def changed_scenario(scenario: Scenario, number: str, factor: float) -> Scenario:
    """Return a scenario with all numbers of a kind changed; one that is not set stays so."""
    if number in ("max_parallel", "surge", "horizon"):
        least = 0 if number == "surge" else 1
        given = getattr(scenario.constraints, number)
        if given is None and number == "horizon":
            from patchopt.model.build import build_infrastructure

            given = build_infrastructure(scenario).limits.horizon
        if given is None:
            return scenario
        changed = {number: max(least, round(given * factor))}
        constraints = scenario.constraints.model_copy(update=changed)
        return scenario.model_copy(update={"constraints": constraints})
    patches = {
        name: _changed_patch(patch, number, factor) for name, patch in scenario.patches.items()
    }
    nodes = tuple(
        node.model_copy(update={"patch": _changed_patch(node.patch, number, factor)})
        if isinstance(node.patch, Patch)
        else node
        for node in scenario.nodes
    )
    return scenario.model_copy(update={"patches": patches, "nodes": nodes})


def _changed_patch(patch: Patch, number: str, factor: float) -> Patch:
    if number == "durations":
        return patch.model_copy(update={"duration": _times(patch.duration, factor)})
    if number == "warmups":
        return patch.model_copy(update={"warmup": round(patch.warmup * factor)})
    given = patch.rollback
    if given is None:
        return patch
    if isinstance(given, Rollback):
        longer = given.model_copy(update={"duration": _times(given.duration, factor)})
        return patch.model_copy(update={"rollback": longer})
    return patch.model_copy(update={"rollback": _times(given, factor)})


def _times(duration: int | Spread, factor: float) -> int | Spread:
    if isinstance(duration, Spread):
        return duration.model_copy(update={"nominal": max(1, round(duration.nominal * factor))})
    return max(1, round(duration * factor))
