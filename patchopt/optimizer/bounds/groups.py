"""Strict order between groups of tasks: the least graph that says the same.

Tasks with the same tasks below them and the same above wait for the same and are waited for
by the same, so that they are one group; components without tasks only pass order on. Between
groups the transitive reduction is left, which is unique (Aho, Garey, Ullman, The transitive
reduction of a directed graph, SIAM J. Computing 1, 1972).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.waiting import users_of
from patchopt.optimizer.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Groups of tasks, numbered so that each comes after all that it waits for.

    Parameters
    ----------
    names : tuple of str
        Least name of each group's tasks.
    tasks : tuple of tuple of int
        Numbers of the tasks of each, ascending.
    below : tuple of tuple of int
        Groups that each waits for directly.
    all_below : tuple of int
        Groups that each waits for, however far below, as bits.
    """

    names: tuple[str, ...]
    tasks: tuple[tuple[int, ...], ...]
    below: tuple[tuple[int, ...], ...]
    all_below: tuple[int, ...]

    @property
    def awaited(self) -> frozenset[int]:
        """Groups that another one waits for."""
        return frozenset(group for some in self.below for group in some)


def groups_of(problem: Problem) -> Groups:
    """Contract the dependency order of a problem.

    Parameters
    ----------
    problem : Problem
        Without dependencies it is one group.

    Returns
    -------
    Groups
        O(components x (components + dependencies) / 64) words.
    """
    inside: dict[int, list[int]] = defaultdict(list)
    for number, task in enumerate(problem.tasks):
        inside[task.component if problem.dependencies else 0].append(number)
    below = {component: (*problem.dependencies.get(component, ()),) for component in inside}
    below |= problem.dependencies
    upwards = list(TopologicalSorter(below).static_order())
    group_of = _alike(upwards, below, [component for component in upwards if component in inside])
    members: list[list[int]] = [[] for _ in range(1 + max(group_of.values(), default=-1))]
    for component, group in group_of.items():
        members[group] += inside[component]
    direct = _direct(upwards, below, group_of, len(members))
    all_below = _all_below(direct)
    return Groups(
        names=tuple(min(problem.task_names[task] for task in some) for some in members),
        tasks=tuple(tuple(sorted(some)) for some in members),
        below=tuple(_reduced(some, all_below) for some in direct),
        all_below=tuple(all_below),
    )


def set_bits(bits: int) -> Ints:
    """Return the places of the bits that are 1, ascending."""
    octets = np.frombuffer(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(octets, bitorder="little"))


def _alike(
    upwards: list[int], below: Mapping[int, tuple[int, ...]], some: list[int]
) -> dict[int, int]:
    """Give components with the same below and above the same number.

    The sets of all that is below and above are gone with the call: of many they take much room.
    """
    place = {component: at for at, component in enumerate(some)}
    under = _reached(upwards, below, place)
    over = _reached(upwards[::-1], users_of(below), place)
    keyed: dict[tuple[int, int], int] = {}
    return {
        component: keyed.setdefault((under[component], over[component]), len(keyed))
        for component in some
    }


def _reached(
    order: list[int], links: Mapping[int, tuple[int, ...] | list[int]], place: dict[int, int]
) -> dict[int, int]:
    """Return of each component those with tasks that its links lead to, as bits."""
    found: dict[int, int] = {}
    for component in order:
        bits = 0
        for other in links.get(component, ()):
            bits |= found[other]
            if other in place:
                bits |= 1 << place[other]
        found[component] = bits
    return found


def _direct(
    upwards: list[int],
    below: Mapping[int, tuple[int, ...]],
    group_of: dict[int, int],
    groups: int,
) -> list[set[int]]:
    """Return the groups that each waits for with none between, and perhaps further ones."""
    passed: dict[int, set[int]] = {}  # of components without tasks
    found: list[set[int]] = [set() for _ in range(groups)]
    for component in upwards:
        nearest: set[int] = set()
        for other in below[component]:
            nearest |= {group_of[other]} if other in group_of else passed[other]
        if component in group_of:
            found[group_of[component]] |= nearest
        else:
            passed[component] = nearest
    return found


def _all_below(direct: list[set[int]]) -> list[int]:
    found: list[int] = []
    for some in direct:
        bits = 0
        for group in some:
            bits |= found[group] | 1 << group
        found.append(bits)
    return found


def _reduced(direct: set[int], all_below: list[int]) -> tuple[int, ...]:
    further = 0
    for group in direct:
        further |= all_below[group]
    return tuple(sorted(group for group in direct if not further >> group & 1))
