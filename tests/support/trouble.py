"""Parts of scenarios for property tests in which more goes wrong than attempts (MODEL 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from support.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Draw = Callable[[st.SearchStrategy[Any]], Any]

TROUBLES = frozenset(
    {
        "varying duration",
        "varying rollback",
        "failing rollback",
        "latent",
        "latent by defect",
        "repair",
        "detection",
        "detection uncertain",
        "false alarms",
        "crash of infants",
        "crash without memory",
        "crash by wear",
        "abort_share",
        "review",
        "respin",
        "respin that may be defective",
        "horizon shorter than the work",
        "horizon longer than the work",
        "quiet",
    }
)


def troubles(scenario: Mapping[str, Any]) -> set[str]:
    """Return the names, out of `TROUBLES`, of what a scenario asks for."""
    reading = Reading(scenario)
    around = reading.environment
    patches = [reading.patch(node) for node in reading.patched]
    shape = None if around.crash is None else around.crash.shape
    tests = {
        "varying duration": any(patch.time.sigma > 0 for patch in patches),
        "varying rollback": any(p.rollback_time and p.rollback_time.sigma > 0 for p in patches),
        "failing rollback": any(patch.rollback_failure > 0 for patch in patches),
        "latent": any(patch.latent and patch.latent.probability > 0 for patch in patches),
        "latent by defect": any(p.defect and p.defect.latent_probability > 0 for p in patches),
        "repair": around.repair is not None,
        "detection": around.detection is not None,
        "detection uncertain": around.detection is not None and around.detection.probability < 1,
        "false alarms": around.detection is not None and around.detection.false_alarms_per_day > 0,
        "crash of infants": shape is not None and shape < 1,
        "crash without memory": shape == 1,
        "crash by wear": shape is not None and shape > 1,
        "abort_share": reading.abort_share is not None,
        "review": around.review is not None,
        "respin": around.respin is not None,
        "respin that may be defective": around.respin is not None
        and around.respin.defect_probability > 0,
    }
    found = {name for name, holds in tests.items() if holds} or {"quiet"}
    shortest = max(reading.length(unit) for unit in reading.units)
    longer = reading.horizon > sum(reading.length(unit) for unit in reading.units)
    if reading.horizon < shortest:
        found.add("horizon shorter than the work")
    return found | ({"horizon longer than the work"} if longer else set())


def _sometimes(draw: Draw, percent: int) -> bool:
    return bool(draw(st.integers(0, 99)) >= 100 - percent)


@st.composite
def _times(draw: Draw, longest: int) -> int | dict[str, Any]:
    """Return a time, fixed or varying."""
    nominal: int = draw(st.integers(1, longest))
    if _sometimes(draw, 40):
        return nominal
    return {"nominal": nominal, "sigma": draw(st.sampled_from([0, 0.2, 0.8, 2]))}


@st.composite
def troubled_patches(draw: Draw, longest: int) -> dict[str, Any]:
    """Return parts of a patch that replace or add to what is drawn otherwise."""
    patch: dict[str, Any] = {}
    if _sometimes(draw, 50):
        patch["duration"] = draw(_times(longest))
    if _sometimes(draw, 50):
        patch["rollback"] = {
            "duration": draw(_times(longest)),
            "failure_probability": draw(st.sampled_from([0, 0.3, 1])),
        }
    if _sometimes(draw, 60):
        patch["latent"] = {
            "probability": draw(st.sampled_from([0, 0.5, 1, 1])),
            "delay": draw(_times(max(1, longest // 10))),
        }
    return patch


@st.composite
def environments(draw: Draw, longest: int) -> dict[str, Any] | None:
    """Return what happens to nodes by itself, at the pace of patches that take up to `longest`."""
    around: dict[str, Any] = {}
    if _sometimes(draw, 60):
        around["repair"] = draw(_times(2 * longest))
    if _sometimes(draw, 70):
        around["detection"] = {
            "probability": draw(st.sampled_from([0, 0.5, 1, 1])),
            "delay": draw(_times(max(1, longest // 10))),
        }
        if _sometimes(draw, 40):
            alarms = draw(st.sampled_from([0, 1, 5])) * 86_400 / longest
            around["detection"]["false_alarms_per_day"] = min(86_400, alarms / 5)
    if _sometimes(draw, 50):
        around["crash"] = {
            "mtbf": draw(st.integers(longest, 20 * longest)),
            "shape": draw(st.sampled_from([0.7, 1, 2.5])),
        }
    if _sometimes(draw, 50):
        around["review"] = {"delay": draw(_times(longest))}
    if _sometimes(draw, 50):
        around["respin"] = {"delay": draw(_times(longest))}
        if _sometimes(draw, 60):
            around["respin"]["defect_probability"] = draw(st.sampled_from([0, 0.5, 1]))
    return around or None


@st.composite
def stopping(draw: Draw, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario so changed that its plans stop, and go on, many times."""
    constraints = dict(scenario.get("constraints") or {})
    around = dict(scenario.get("environment") or {})
    delays = st.one_of(
        st.integers(1, 30),
        st.fixed_dictionaries({"nominal": st.integers(1, 30), "sigma": st.sampled_from([0, 0.5])}),
    )
    constraints["horizon"] = draw(st.sampled_from([100, 300, 300, 900]))
    constraints["max_retries"] = draw(st.integers(0, 2))
    if _sometimes(draw, 50):
        constraints["abort_after_failures"] = draw(st.integers(1, 2))
    if _sometimes(draw, 75):
        around["review"] = {"delay": draw(delays)}
    if _sometimes(draw, 50):
        chance = draw(st.sampled_from([0, 0.5, 1]))
        around["respin"] = {"delay": draw(delays), "defect_probability": chance}
    if _sometimes(draw, 50):
        around["repair"] = draw(delays)
    if _sometimes(draw, 50):
        around["detection"] = {"probability": 1, "delay": draw(st.integers(1, 10))}
    if around.get("crash"):
        around["crash"] = {**around["crash"], "mtbf": max(200, around["crash"]["mtbf"])}
    return {**scenario, "constraints": constraints, "environment": around}
