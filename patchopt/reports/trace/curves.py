"""Curves of a run: how much exposure is open, and how many instances serve, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patchopt.model.events import EventKind
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.quantities import from_milli
from patchopt.reports.trace.events import Event, changes_of, end_of


@dataclass(frozen=True, eq=False)
class Curve:
    """A step function: ``values[k]`` holds from ``times_s[k]`` until the next time.

    Parameters
    ----------
    times_s : ndarray of int64, shape (steps,)
        Ascending, from 0; the last is the end of the run.
    values : ndarray, shape (steps,) or (steps, columns)
        What holds from then on.
    """

    times_s: NDArray[np.int64]
    values: NDArray[Any]


def burn_down(infrastructure: Infrastructure, events: Sequence[Event]) -> Curve:
    """Return the open exposure over time: the weight of the nodes that are still old.

    Parameters
    ----------
    infrastructure : Infrastructure
        For the weights.
    events : sequence of mapping
        Of one run.

    Returns
    -------
    Curve
        Values in weight (criticality x severity). The area under it is the total exposure.
    """
    nodes = infrastructure.nodes
    open_milli = int(nodes.weight_milli.sum())
    times, values = [0], [open_milli]
    for time, node, is_new in changes_of(events):
        weight_milli = int(nodes.weight_milli[nodes.index[node]])
        open_milli += -weight_milli if is_new else weight_milli
        if time == times[-1]:
            values[-1] = open_milli
        else:
            times.append(time)
            values.append(open_milli)
    end = end_of(events)
    if end > times[-1]:
        times.append(end)
        values.append(open_milli)
    return Curve(np.array(times, np.int64), from_milli(np.array(values)))


def availability(infrastructure: Infrastructure, events: Sequence[Event]) -> Curve:
    """Return the instances of each service that serve, over time.

    Parameters
    ----------
    infrastructure : Infrastructure
        For services, hosts and guests.
    events : sequence of mapping
        Of one run.

    Returns
    -------
    Curve
        Values of shape (steps, services): counts, once an instant has settled.
    """
    nodes = infrastructure.nodes
    own = np.ones(len(nodes), np.bool_)
    times: list[int] = []
    counts: list[NDArray[np.int64]] = []
    turns = {
        EventKind.NODE_DOWN.label: False,
        EventKind.NODE_FAILED.label: False,
        EventKind.NODE_CRASHED.label: False,
        EventKind.NODE_SERVING.label: True,
        EventKind.NODE_REPAIRED.label: True,
        EventKind.SWITCHED.label: True,
    }
    for time, group in groupby(events, key=lambda event: int(event["time"])):
        for event in group:
            if event["event"] in turns:
                own[nodes.index[event["node"]]] = turns[event["event"]]
        count = _serving(infrastructure, own)
        if not counts or (count != counts[-1]).any():
            times.append(time)
            counts.append(count)
    end = end_of(events)
    if counts and end > times[-1]:
        times.append(end)
        counts.append(counts[-1])
    if not counts:
        times, counts = [0], [_serving(infrastructure, own)]
    return Curve(np.array(times, np.int64), np.array(counts))


def _serving(infrastructure: Infrastructure, own: NDArray[np.bool_]) -> NDArray[np.int64]:
    nodes, services = infrastructure.nodes, infrastructure.services
    serves = own.copy()
    for node in np.flatnonzero(~own):
        serves[nodes.guests(int(node))] = False
    members = nodes.service[serves]
    return np.bincount(members[members >= 0], minlength=len(services.names))
