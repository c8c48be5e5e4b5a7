"""Random prices of a relaxation: every one of them gives a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from patchopt.optimizer.bounds.bound import Priced
from patchopt.optimizer.bounds.grid import cells_of

if TYPE_CHECKING:
    from patchopt.optimizer.bounds.rows import Relaxation


def some_prices(relaxation: Relaxation, seed: int) -> list[Priced]:
    """Return low, high and falling prices on narrow cells, half of them 0."""
    luck = np.random.default_rng(seed)
    found = []
    for scale in (3, 100, 3000):
        cells = cells_of(relaxation.problem.windows, int(luck.integers(1, 4)), 40)
        shape = (len(relaxation.rows), len(cells.begin_s))
        drawn = luck.integers(0, scale + 1, shape) * (luck.random(shape) < 0.5)
        prices = drawn.astype(np.float64)
        if scale == 3000:
            prices = -np.sort(-prices, axis=1)
        found.append(Priced(relaxation=relaxation, cells=cells, prices=prices))
    return found
