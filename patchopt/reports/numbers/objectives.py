"""What plans are compared by, all at once, and a point that none of them needs to reach (MODEL 7).

The reference of a hypervolume decides what a plan adds to it, so it is no property of the plans
that happen to be compared: it follows from the scenario, or is given by whoever reports.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from patchopt.errors import PatchoptError
from patchopt.model.base import Floats
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.model.quantities import from_milli
from patchopt.wording import shown

#: All are to be minimised, none is below 0. Those that vary among the plans of a scenario count.
OBJECTIVES: Final = (
    "total_exposure",
    "unplanned_downtime",
    "lost_capacity",
    "surge_node_seconds",
    "completion_time",
)


def reference_of(infrastructure: Infrastructure) -> dict[str, float]:
    """Return what comes of it if nothing is patched and everything stands still to the horizon.

    Parameters
    ----------
    infrastructure : Infrastructure
        Of the scenario.

    Returns
    -------
    dict of str to float
        Of every objective, in its unit: all weight old (weight·s), every service that has a
        min_up below it (service·s), no node serving (node·s), every surge slot in use, or where
        there is no limit one for each node with a patch (node·s), and the horizon itself (s).
        Nothing that ends by the horizon within its surge is above. At least 1, so that it is
        a scale.
    """
    limits, nodes = infrastructure.limits, infrastructure.nodes
    horizon_s = limits.horizon_s
    slots = limits.surge if limits.surge >= 0 else int(nodes.patched.sum())
    found = {
        "total_exposure": from_milli(int(nodes.weight_milli.sum()) * horizon_s),
        "unplanned_downtime": int((infrastructure.services.min_up > 0).sum()) * horizon_s,
        "lost_capacity": len(nodes) * horizon_s,
        "surge_node_seconds": slots * horizon_s,
        "completion_time": horizon_s,
    }
    return {name: max(float(found[name]), 1.0) for name in OBJECTIVES}


def check_reference(given: Mapping[str, float]) -> None:
    """Check a reference that somebody gives: known objectives, each finite and above 0.

    Parameters
    ----------
    given : mapping of str to float
        Of some objectives, each in its unit.

    Raises
    ------
    PatchoptError
        Names what is wrong.
    """
    if not isinstance(given, Mapping):
        raise _refusal(f"{shown(given)} will not do", "give a number for each objective, by name")
    for name, value in given.items():
        if name not in OBJECTIVES:
            raise _refusal(f"{shown(name)} is no objective", f"give {', '.join(OBJECTIVES)}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value < math.inf:
            remedy = f"give a finite number of {METRIC_BY_NAME[name].unit} above 0"
            raise _refusal(f"{name} {shown(value)} will not do", remedy)


def _refusal(message: str, remedy: str) -> PatchoptError:
    return PatchoptError(message, place="reference", remedy=remedy)


def varying(points: Floats) -> tuple[str, ...]:
    """Return the objectives in which some points differ; total exposure alone if in none.

    Parameters
    ----------
    points : ndarray of float64, shape (points, 5)
        In the order of `OBJECTIVES`.

    Examples
    --------
    >>> varying(np.array([[9.0, 0.0, 3.0, 0.0, 5.0], [8.0, 0.0, 3.0, 0.0, 6.0]]))
    ('total_exposure', 'completion_time')
    """
    differ = (points != points[:1]).any(axis=0)
    found = tuple(name for name, one in zip(OBJECTIVES, differ, strict=True) if one)
    return found or OBJECTIVES[:1]


def places_of(names: tuple[str, ...]) -> list[int]:
    """Return where some objectives are among all."""
    return [OBJECTIVES.index(name) for name in names]


def as_point(values: Mapping[str, float], names: tuple[str, ...]) -> Floats:
    """Return the values of some objectives as a point."""
    return np.array([values[name] for name in names], np.float64)
