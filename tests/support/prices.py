"""Random proofs: any prices give a bound, whether they are good ones or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from patchopt.model.proof import Claim, Proof
from patchopt.verify.bound import rows_for
from patchopt.verify.groups import name_of
from patchopt.verify.guest_rows import with_guests
from patchopt.verify.heads import finish_s

if TYPE_CHECKING:
    from patchopt.verify.bound import Case

Draw = st.DrawFn


@st.composite
def proofs(draw: Draw, case: Case) -> Proof:
    """Return prices on cells in open time, of the size at which they matter."""
    cells = draw(_cells(case))
    if not cells:
        return Proof(kind="lagrange")
    placed = case.items.placed
    work = sum(item.size * item.length_s for item in placed)
    worth = sum(item.weight_milli for item in placed) // max(work, 1) + 1
    rates = st.integers(0, 4 * worth) | st.just(0) | st.integers(0, 40 * worth)
    names = [*sorted(with_guests(case.rows, case.classes).capacity), *_order_names(case)]
    rows = draw(st.lists(st.sampled_from(names), unique=True))
    prices = {}
    for row in rows:
        firsts = draw(st.sets(st.integers(0, len(cells) - 1), max_size=6))
        prices[row] = tuple((first, draw(rates)) for first in sorted(firsts))
    delayed = {f"delay:{claim.group}" for claim in _delays(case)}
    claims = _delays(case) if delayed.intersection(prices) else ()
    return Proof(kind="lagrange", cells=cells, prices=prices, claims=claims)


def _delays(case: Case) -> tuple[Claim, ...]:
    """Return claims that are true: a group lasts as long as its longest item."""
    overhead = case.infrastructure.limits.overhead_s
    placed = case.items.placed
    return tuple(
        Claim(
            kind="delay",
            group=group.name,
            value_s=max(finish_s(placed[at], overhead) for at in group.items),
        )
        for group in case.groups
        if group.waits and group.awaited
    )


def _order_names(case: Case) -> list[str]:
    """Return the names of all rows that only a strict order has."""
    if not case.groups:
        return []
    found = [f"delay:{claim.group}" for claim in _delays(case)]
    for group in case.groups:
        names = [name_of(case.infrastructure, case.items.placed[at].nodes) for at in group.items]
        # Most classes of tiny scenarios are of one item.
        if group.awaited:
            found += [f"end:{name}" for name in names if _is_class(case, name)]
        if group.waits:
            found += [f"begin:{name}" for name in names if _is_class(case, name)]
        found += [f"arc:{case.groups[below].name}>{group.name}" for below in group.direct]
        if group.waits or group.awaited:
            rows = (row for row in case.rows.capacity if not row.startswith("host:"))
            found += [f"active:{group.name}:{row}" for row in rows]
    return sorted(found)


def _is_class(case: Case, name: str) -> bool:
    rows, _, _ = rows_for(case, Proof(kind="lagrange"))
    return f"end:{name}" in rows.capacity or f"begin:{name}" in rows.capacity


@st.composite
def _cells(draw: Draw, case: Case) -> tuple[tuple[int, int], ...]:
    windows = case.infrastructure.windows
    longest = max(item.length_s for item in case.items.placed)
    lengths = st.integers(1, max(1, longest))
    cells, at = [], draw(st.integers(0, longest))
    for _ in range(draw(st.integers(0, 8))):
        begin = windows.earliest_fit(at, 1)
        end = min(begin + draw(lengths), windows.close_after(begin))
        cells.append((begin, end))
        at = end + draw(st.just(0) | lengths)
    return tuple(cells)


def fluid_prices(case: Case, cells: int = 40) -> Proof:
    """Return prices of the crew by what it would be working on, were all work fluid.

    The price falls, while the crew works, by what a place-second is worth of what it works on,
    down to 0 where all is done. Under windows open time is laid end to end.
    """
    windows = case.infrastructure.windows
    crew = case.rows.capacity["crew"]
    work = [(item.weight_milli, item.size * item.length_s) for item in case.items.placed]
    work.sort(key=lambda pair: pair[0] / pair[1], reverse=True)
    total = sum(amount for _, amount in work) // crew + 1
    width = -(-total // cells)
    spans, rates, at = [], [], 0
    for number in range(cells):
        begin = windows.earliest_fit(at, 1)
        at = min(begin + width, windows.close_after(begin))
        spans.append((begin, at))
        done, left = number * width * crew, 0.0
        for weight, amount in work:
            left += weight * max(0, min(amount, amount - done)) / amount / crew
            done = max(0, done - amount)
        rates.append(int(left))
    prices = {"crew": tuple(enumerate(rates))}
    return Proof(kind="lagrange", cells=tuple(spans), prices=prices)
