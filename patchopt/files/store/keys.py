"""Keys: what determines a result, hashed; equal keys mean equal results.

Worker counts, folders and names of files are in no key: they change no number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from patchopt.files.tables import SCHEMA_VERSION


def digest(*parts: object) -> str:
    """Return the SHA-256 of plain values, as hexadecimal.

    Examples
    --------
    >>> digest("a", 1)[:12], digest("a1")[:12]
    ('2657442bb4a4', 'fa1710561647')
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def scenario_key(scenario_json: str) -> str:
    """Return the key of a scenario's content, its failures included."""
    return digest("scenario", scenario_json)


def plan_key(scenario: str, strategy: str, parameters: Mapping[str, Any]) -> str:
    """Return the key of a plan.

    Parameters
    ----------
    scenario : str
        Key of the scenario.
    strategy : str
        Name of the strategy.
    parameters : mapping
        All of its parameters, defaults included.
    """
    made_by = [version("patchopt"), SCHEMA_VERSION]
    return digest("plan", made_by, scenario, strategy, dict(parameters))


def bound_key(scenario: str, time_limit: float, dealt: tuple[int, int] | None = None) -> str:
    """Return the key of the wait-and-see bounds of a scenario.

    Parameters
    ----------
    scenario : str
        Key of the scenario.
    time_limit : float
        Of each outcome.
    dealt : tuple of int, optional
        Where defects are dealt out, to how many replications, and how many of them are bounded.
    """
    made_by = [version("patchopt"), SCHEMA_VERSION]
    return digest("bound", made_by, scenario, time_limit, dealt)


def run_key(plan: str, plan_json: str, seed: int, *, stratified: bool) -> str:
    """Return the key of a plan's replications under one seed.

    Parameters
    ----------
    plan : str
        Key of the plan.
    plan_json : str
        What came of it: a search that ends by the clock may come to another one next time.
    seed : int
        Of the replications.
    stratified : bool
        Whether defects are dealt out; then a block's rows depend on all of the block.
    """
    return digest("run", plan, digest(plan_json), seed, stratified)
