"""Planning under failures: what nobody can beat, and plans that expect them (MODEL 12).

Everything is imported when it is first asked for: whoever reads parameters needs no compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.lazily import lazily

if TYPE_CHECKING:
    from patchopt.stochastic.bounding import Bounds, bounds
    from patchopt.stochastic.gaps import Gap, gap_over

__all__ = ["Bounds", "Gap", "bounds", "gap_over"]

__getattr__ = lazily(
    __name__, {"Bounds": "bounding", "Gap": "gaps", "bounds": "bounding", "gap_over": "gaps"}
)
