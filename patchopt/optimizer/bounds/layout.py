"""A relaxation and the cells of its prices as flat arrays, for compiled code."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from patchopt.model.base import Ints
from patchopt.optimizer.bounds.rows import Demand, Relaxation


class Layout(NamedTuple):
    """A relaxation; modes, parts of modes and demands one after another.

    Parameters
    ----------
    weight_milli, length_s, times, head_s : ndarray of int64, shape (classes,)
        As in `TaskClass`; `times` is its count.
    mode_begin : ndarray of int64, shape (classes + 1,)
        Where the modes of each class begin.
    commit_s : ndarray of int64, shape (modes,)
        From the start to the commit.
    part_begin : ndarray of int64, shape (modes + 1,)
        Where the parts of each mode begin: demands held from and for the same time.
    held_s, from_zero : ndarray of int64, shape (parts,)
        How long; 1 if from time 0.
    demand_begin : ndarray of int64, shape (parts + 1,)
        Where the demands of each part begin.
    row, amount : ndarray of int64, shape (demands,)
        As in `Demand`.
    capacity : ndarray of int64, shape (rows,)
        Of each row.
    """

    weight_milli: Ints
    length_s: Ints
    times: Ints
    head_s: Ints
    mode_begin: Ints
    commit_s: Ints
    part_begin: Ints
    held_s: Ints
    from_zero: Ints
    demand_begin: Ints
    row: Ints
    amount: Ints
    capacity: Ints


def layout_of(relaxation: Relaxation) -> Layout:
    """Lay a relaxation out. Linear in demands."""
    ways = [way for one in relaxation.classes for way in one.ways]
    parts = [_parts(way.demands) for way in ways]
    held = [part for some in parts for part in some]
    demands = [some[part] for some in parts for part in some]
    flat = [demand for some in demands for demand in some]
    classes = relaxation.classes
    return Layout(
        weight_milli=_ints([one.weight_milli for one in classes]),
        length_s=_ints([one.length_s for one in classes]),
        times=_ints([one.count for one in classes]),
        head_s=_ints([one.head_s for one in classes]),
        mode_begin=_ends([len(one.ways) for one in classes]),
        commit_s=_ints([way.commit_s for way in ways]),
        part_begin=_ends([len(some) for some in parts]),
        held_s=_ints([seconds for _, seconds in held]),
        from_zero=_ints([int(zero) for zero, _ in held]),
        demand_begin=_ends([len(some) for some in demands]),
        row=_ints([demand.row for demand in flat]),
        amount=_ints([demand.amount for demand in flat]),
        capacity=_ints([row.capacity for row in relaxation.rows]),
    )


def _parts(demands: list[Demand]) -> dict[tuple[bool, int], list[Demand]]:
    parts: dict[tuple[bool, int], list[Demand]] = defaultdict(list)
    for demand in demands:
        parts[demand.from_zero, demand.held_s].append(demand)
    return parts


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def _ends(sizes: list[int]) -> Ints:
    return _ints(list(accumulate(sizes, initial=0)))
