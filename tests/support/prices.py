"""Random proofs: any prices give a bound, whether they are good ones or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from patchopt.model.proof import Proof

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
    rows = draw(st.lists(st.sampled_from(sorted(case.rows.capacity)), unique=True))
    prices = {}
    for row in rows:
        firsts = draw(st.sets(st.integers(0, len(cells) - 1), max_size=6))
        prices[row] = tuple((first, draw(rates)) for first in sorted(firsts))
    return Proof(kind="lagrange", cells=cells, prices=prices)


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
