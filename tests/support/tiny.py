"""Tiny plans on tiny scenarios, and what a run of them should come to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from patchopt.simulator.running import simulate
from support.building import plan_by_hand
from support.contract import infrastructure_of
from support.luck import FAILURE, Luck

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from patchopt.simulator.outcome import Outcome

Document = dict[str, Any]

#: The horizon of what is written here, unless told otherwise.
DAY = 86_400
#: So many standard errors may a mean be off.
ERRORS = 4


# --- what goes wrong: changes to a patch, and what stops or watches a plan ---

DIES: Document = {"failure_probability": 1}
FAILS: Document = DIES | {"rollback": 5}
HALF: Document = {"failure_probability": 0.5, "rollback": 5}
#: Committed at 10, IMPAIRED at 30 and, if watched, detected at 37; rolled back in 5 s.
LATENT: Document = {"rollback": 5, "latent": {"probability": 1, "delay": 20}}
WATCHED: Document = {"detection": {"probability": 1, "delay": 7}}
FIRST: Document = {"abort_after_failures": 1}


def reviewed(delay: int = 50, **more: Any) -> Document:
    """Return an environment in which a stop is reviewed after some seconds."""
    return {"review": {"delay": delay}} | more


# --- scenarios ---


def several(nodes: dict[str, Document], **more: Any) -> Document:
    """Return a scenario of databases, each with a patch of weight 1 that takes 10 s.

    Parameters
    ----------
    nodes
        What is told of each; ``of`` changes its patch, ``patch`` replaces it.
    more
        Sections of the scenario; ``min_up`` and ``constraints`` in short. The horizon is a day.
    """
    written = []
    for name, told in nodes.items():
        patch = {"severity": 1, "duration": 10} | told.get("of", {})
        kept = {key: value for key, value in told.items() if key != "of"}
        written.append({"id": name, "type": "database", "patch": patch} | kept)
    min_up = more.pop("min_up", {})
    return {
        "version": 1,
        "name": "by-hand",
        "constraints": {"horizon": DAY} | more.pop("constraints", {}),
        "services": {service: {"min_up": least} for service, least in min_up.items()},
        "nodes": written,
    } | more


def alike(names: str, *, of: Document | None = None, min_up: int = 0, **more: Any) -> Document:
    """Return a scenario of nodes of one service, "s", that share one release, "p"."""
    release = {"severity": 1, "duration": 10} | (of or {})
    nodes: dict[str, Document] = {name: {"service": "s", "patch": "p"} for name in names}
    return several(nodes, min_up={"s": min_up}, patches={"p": release}, **more)


# --- steps ---


def patch(*nodes: str, **more: Any) -> Document:
    """Return a step that patches nodes in place."""
    return {"action": "patch", "nodes": list(nodes)} | more


def build(*nodes: str, **more: Any) -> Document:
    """Return a step that builds copies of nodes."""
    return {"action": "build", "nodes": list(nodes)} | more


def switch(*nodes: str, **more: Any) -> Document:
    """Return a step that puts copies in the place of nodes."""
    return {"action": "switch", "nodes": list(nodes)} | more


def pause(duration: int, max_failures: int | None = None, **gate: Any) -> Document:
    """Return a pause, with a gate if it has a number of failures."""
    given = None if max_failures is None else {"max_failures": max_failures} | gate
    return {"action": "pause", "nodes": [], "duration": duration, "gate": given}


# --- luck ---


def seed_where(*unlucky: bool, node: str = "a") -> int:
    """Return the first seed on which a node's attempts, of probability 0.5, fail as told."""
    return next(
        seed
        for seed in range(10_000)
        if all(
            Luck("by-hand", seed).happens(0.5, FAILURE, node, attempt) == fails
            for attempt, fails in enumerate(unlucky, 1)
        )
    )


# --- runs ---


def run(scenario: Document, *steps: Document, seed: int = 1, replications: int = 1) -> Outcome:
    """Simulate steps that come one after the other unless told otherwise; the first, with events.

    Events are kept of a single replication only.
    """
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(infrastructure, *steps)
    return simulate(
        infrastructure, plan, seed=seed, replications=replications, events=replications == 1
    )


def expect(outcome: Outcome, **wanted: int) -> None:
    """Assert what metrics the first replication has."""
    assert {name: outcome.exact(name) for name in wanted} == wanted


def column(outcome: Outcome, metric: str) -> NDArray[np.int64]:
    """Return an integer metric of all replications; exposures in milli-weight-seconds."""
    return outcome.columns[metric].astype(np.int64)


def reason(outcome: Outcome) -> str:
    """Return why the first replication was aborted, "" if it was not."""
    return str(outcome.columns["abort_reason"][0])


def told(outcome: Outcome, *kinds: str) -> list[tuple[Any, ...]]:
    """Return time, kind, and step or node of the events of some kinds."""
    found = [event for event in outcome.events if event["event"] in kinds]
    return [(it["time"], it["event"], it.get("node", it.get("step"))) for it in found]


def resumed(outcome: Outcome) -> list[tuple[int, str]]:
    """Return when the plan of the first replication went on after a stop, and why."""
    events = outcome.events
    return [(it["time"], it["reason"]) for it in events if it["event"] == "plan_resumed"]


def assert_mean(outcome: Outcome, metric: str, expected: float) -> None:
    """Assert that the mean of a metric is as expected, to four standard errors."""
    values = column(outcome, metric).astype(np.float64)
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    assert error > 0
    assert abs(float(np.mean(values)) - expected) < ERRORS * error
