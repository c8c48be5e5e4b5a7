"""Every kind of change that makes a certified plan false is refused."""

from __future__ import annotations

from functools import cache

import pytest

from patchopt.errors import PlanError
from patchopt.model.plan import ScenarioRef
from patchopt.verify import Verdict, verify
from support.contract import nominal
from support.mutations import FALSE, SUBJECTS, TRUE, Subject, subject

of = cache(subject)


def verdict(it: Subject) -> Verdict:
    return verify(it.plan, it.infrastructure, lambda *_: ())  # whoever is asked proves nothing


def wrong(found: Verdict) -> list[str]:
    return [f"{it.place}: {it.text}" for it in found.findings if it.wrong]


@pytest.mark.parametrize("kind", SUBJECTS)
def test_what_is_changed_holds_to_begin_with(kind: str) -> None:
    found = verdict(of(kind))
    assert wrong(found) == []
    assert (found.valid, found.bound) == (True, "shown")
    assert found.shown_milli == of(kind).certificate.bound


@pytest.mark.parametrize("name", FALSE)
def test_what_makes_it_false_is_refused(name: str) -> None:
    tried = 0
    for kind in SUBJECTS:
        changed = FALSE[name](of(kind))
        if changed is not None:
            tried += 1
            assert not verdict(changed).valid, kind
    assert tried


@pytest.mark.parametrize("name", TRUE)
def test_what_leaves_it_true_is_not(name: str) -> None:
    for kind in SUBJECTS:
        changed = TRUE[name](of(kind))
        assert changed is not None
        assert wrong(verdict(changed)) == []


@pytest.mark.parametrize("kind", SUBJECTS)
def test_another_scenario_is_refused(kind: str) -> None:
    it = of(kind)
    about = ScenarioRef(name=it.scenario.name, sha256="0" * 64)
    with pytest.raises(PlanError, match="for another scenario"):
        verify(it.plan.model_copy(update={"scenario": about}), it.infrastructure)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_arc_that_matters_is_missed(kind: str) -> None:
    """Without it something starts otherwise, or waits for the guard; else it was idle."""
    it, mattered = of(kind), 0
    infrastructure = it.infrastructure
    starts = _starts(it)
    for step in it.plan.steps:
        for before in step.after:
            rest = tuple(other for other in step.after if other != before)
            if step.action == "switch":
                continue  # no plan without it
            changed = it.doing(step.id, after=rest)
            outcome = nominal(infrastructure, changed.plan)
            waits = any(event["event"] == "step_wait" for event in outcome.events)
            matters = waits or _starts(changed) != starts
            mattered += matters
            assert verdict(changed).valid != matters
    assert mattered


def _starts(it: Subject) -> dict[int, int]:
    events = nominal(it.infrastructure, it.plan).events
    return {event["step"]: event["time"] for event in events if event["event"] == "step_start"}
