"""The value of prices by trying every second: slow, and without a thought of kinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.verify.bound import rows_for
from patchopt.verify.rows import Held

if TYPE_CHECKING:
    from collections.abc import Collection

    from patchopt.model.items import Item
    from patchopt.model.proof import Claim, Proof
    from patchopt.verify.bound import Case
    from patchopt.verify.rows import Take, Way


class _Rates:
    """The price of every row at every second."""

    def __init__(self, proof: Proof) -> None:
        self.end = max((end for _, end in proof.cells), default=0)
        self.rate: dict[str, list[int]] = {}
        for row, runs in proof.prices.items():
            rates = [0] * self.end
            for number, (begin, end) in enumerate(proof.cells):
                found = [rate for first, rate in runs if first <= number]
                rates[begin:end] = [found[-1] if found else 0] * (end - begin)
            self.rate[row] = rates

    def paid(self, row: str, begin: int, end: int) -> int:
        return sum(self.rate.get(row, [])[max(begin, 0) : max(end, 0)])


def slow_bound_milli(case: Case, proof: Proof, proven: Collection[Claim] = ()) -> int:
    """Return the least costs of all items and instants, less all capacity."""
    rates = _Rates(proof)
    items = case.items
    rows, heads, instants = rows_for(case, proof, proven)
    total = sum(
        _least(case, rates, item, ways, head)
        for item, ways, head in zip(items.placed, rows.ways, heads, strict=True)
    )
    for instant in instants:
        last = max(instant.earliest_s, rates.end)
        total += min(
            sum(amount * rates.paid(row, 0, t + held) for row, amount, held in instant.takes)
            for t in range(instant.earliest_s, last + 1)
        )
    return total - sum(rows.capacity[row] * rates.paid(row, 0, rates.end) for row in rates.rate)


def _least(case: Case, rates: _Rates, item: Item, ways: tuple[Way, ...], head: int) -> int:
    windows = case.infrastructure.windows
    last = windows.earliest_fit(max(head, rates.end), item.length_s)
    return min(
        _cost(case, rates, item, way, start)
        for way in ways
        for start in range(head, last + 1)
        if windows.close_after(start) >= start + item.length_s
    )


def _cost(case: Case, rates: _Rates, item: Item, way: Way, start: int) -> int:
    paid = sum(_paid(case, rates, item, way, take, start) for take in way.takes)
    return item.weight_milli * (start + way.commit_s) + paid


def _paid(case: Case, rates: _Rates, item: Item, way: Way, take: Take, start: int) -> int:
    end = start + item.length_s
    switched = end + case.infrastructure.limits.overhead_s
    always = case.infrastructure.windows.period_s == 0
    begin, until = {
        Held.WORK: (start, end),
        Held.COPY: (start, switched if always else end),
        Held.START: (0, start),
        Held.FINISH: (0, switched if way.built else end),
    }[take.held]
    return take.amount * rates.paid(take.row, begin, until)
