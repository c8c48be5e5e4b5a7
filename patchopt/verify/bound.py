"""The bound that a proof shows, recomputed from scenario and proof in exact integers (MODEL 9)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item, Items
from patchopt.model.proof import Claim, Proof
from patchopt.verify.classes import ItemClass, classes_of
from patchopt.verify.groups import Group, groups_of
from patchopt.verify.guest_rows import GUESTS, with_guests
from patchopt.verify.heads import heads_of
from patchopt.verify.order_rows import Instant, least_cost, with_order
from patchopt.verify.prices import prices_of, refused
from patchopt.verify.pricing import Clock, least_costs
from patchopt.verify.rows import Rows, rows_of


@dataclass(frozen=True, eq=False)
class Case:
    """A scenario as bounds see it.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    items : Items
        What is placed, and what is left out.
    """

    infrastructure: Infrastructure
    items: Items

    @cached_property
    def rows(self) -> Rows:
        """What is narrow, strict order left aside."""
        return rows_of(self.infrastructure, self.items)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Of the strict order, if there is one."""
        return tuple(groups_of(self.infrastructure, self.items))

    @cached_property
    def classes(self) -> list[ItemClass]:
        """Items that differ in nothing but their nodes."""
        return classes_of(self.infrastructure, self.items, self.rows, self.groups)

    @property
    def crew(self) -> int | None:
        """Places of the crew; None if it is unlimited."""
        limit = self.infrastructure.limits.max_parallel
        return None if limit < 0 else limit

    @property
    def clock(self) -> Clock:
        """Windows and overhead."""
        return Clock(
            windows=self.infrastructure.windows,
            overhead_s=self.infrastructure.limits.overhead_s,
        )

    @property
    def skipped_weight_milli(self) -> int:
        """Weight that stays old."""
        weights = self.infrastructure.units.weight_milli
        return sum(int(weights[unit]) for unit in self.items.skipped)


def recomputed_bound_milli(case: Case, proof: Proof, proven: Collection[Claim] = ()) -> int:
    """Return the exposure that, by a proof, no plan can go below.

    Parameters
    ----------
    case : Case
        Of the scenario.
    proof : Proof
        Of search alone, without prices, it shows what every item costs alone.
    proven : collection of Claim
        Those of its claims that may be used.

    Returns
    -------
    int
        Milli-weight-seconds.

    Raises
    ------
    PlanError
        If the proof is malformed, with place and cause.
    """
    if not case.items.placed:
        return 0
    found = fluid_milli(case) if proof.kind == "fluid" else priced_milli(case, proof, proven)
    return found + case.skipped_weight_milli * least_makespan_s(case)


def without_search_milli(case: Case) -> int:
    """Return the best bound that takes no prices: every item alone, or all as a fluid."""
    simple: list[Proof] = [Proof(kind="lagrange")]
    if case.crew is not None:
        simple.append(Proof(kind="fluid"))
    return max(recomputed_bound_milli(case, proof) for proof in simple)


def priced_milli(case: Case, proof: Proof, proven: Collection[Claim] = ()) -> int:
    """Return the value of a proof's prices: each item at its least cost, less all capacity.

    In any plan the use of a row never exceeds its capacity. That times its price, integrated
    over time, is what the items pay at their starts, less what is paid for all capacity: at
    most 0. So the objective is at least the sum of least costs less the price of capacity
    (Lagrangian relaxation of the time-indexed formulation: Moehring, Schulz, Stork, Uetz,
    Solving project scheduling problems by minimum cut computations, Management Science 49,
    2003; Geoffrion, Mathematical Programming Study 2, 1974).

    Raises
    ------
    PlanError
        If the proof is malformed.
    """
    placed = case.items.placed
    rows, heads_s, instants = rows_for(case, proof, proven)
    prices = prices_of(proof, rows.capacity, case.infrastructure.windows)
    if prices is None:
        return sum(
            item.weight_milli * (_fit(case, head, item) + _commit_s(case, item))
            for item, head in zip(placed, heads_s, strict=True)
        )
    costs = least_costs(prices, placed, rows.ways, heads_s, case.clock)
    costs += [least_cost(prices, instant) for instant in instants]
    capacity = sum(rows.capacity[row] * prices.total(row) for row in prices.number)
    return sum(costs) - capacity


def rows_for(
    case: Case, proof: Proof, proven: Collection[Claim] = ()
) -> tuple[Rows, list[int], list[Instant]]:
    """Return all rows that a proof may price.

    Returns
    -------
    rows : Rows
        With what each item takes of them.
    heads_s : list of int
        By item: it starts no earlier.
    instants : list of Instant
        First starts and last finishes of the groups of a strict order.
    """
    rows, heads_s = case.rows, [0] * len(case.items.placed)
    if any(name.startswith(GUESTS) for name in proof.prices):
        rows = with_guests(rows, case.classes)
    if not case.groups:
        return rows, heads_s, []
    heads = heads_of(case.infrastructure, case.items, case.groups, proven)
    for group, ready_s in zip(case.groups, heads.ready_s, strict=True):
        for at in group.items:
            heads_s[at] = ready_s
    rows, instants = with_order(rows, case.groups, heads, case.classes, proof)
    return rows, heads_s, instants


def fluid_milli(case: Case) -> int:
    """Return the bound of a crew that works on whatever is worth most, split at will.

    With weights W, sizes q, lengths L, work p = q L and a crew of m, in Smith's order of W / p,
    T being the work of those before, the mean busy times are at least those of the best fluid
    schedule, (T + p / 2) / m; a start is the mean busy time less L / 2 (Eastman, Even, Isaacs,
    Bounds for the optimal scheduling of n jobs on m processors, Management Science 11, 1964).
    Windows only delay.

    Returns
    -------
    int
        Milli-weight-seconds, rounded down once; O(n log n).

    Raises
    ------
    PlanError
        If the crew is unlimited.
    """
    crew = case.crew
    if crew is None:
        raise refused("kind", "fluid is about a crew, and here it is unlimited", "use prices")
    total, before = 0, 0
    for item in sorted(case.items.placed, key=_smith, reverse=True):
        work = item.size * item.length_s
        commit = _commit_s(case, item)
        start = 2 * before + work - crew * item.length_s  # in seconds, times 2 m
        total += item.weight_milli * (2 * crew * commit + start)
        before += work
    return total // (2 * crew)


def _smith(item: Item) -> int:
    """Return W / p, fine enough that no two different ones are alike: p is below 2**53."""
    return (item.weight_milli << 128) // (item.size * item.length_s)


def least_makespan_s(case: Case) -> int:
    """Return an instant before which not all items can be done.

    The longest alone, and, without windows, all work shared by the crew.
    """
    overhead = case.clock.overhead_s
    last = 0
    for item in case.items.placed:
        end = _fit(case, 0, item) + item.length_s
        last = max(last, end if item.in_place else end + overhead)
    crew = case.crew
    if crew is not None and case.infrastructure.windows.period_s == 0:
        work = sum(item.size * item.length_s for item in case.items.placed)
        last = max(last, -(-work // crew))
    return last


def _fit(case: Case, after_s: int, item: Item) -> int:
    return case.infrastructure.windows.earliest_fit(after_s, item.length_s)


def _commit_s(case: Case, item: Item) -> int:
    """Return the least time from the start of an item to its commit."""
    overhead = case.infrastructure.limits.overhead_s
    return overhead + (item.duration_s if item.in_place else item.length_s)
