"""The optimiser: a search and a proof over units with modes, with a certificate.

Everything is imported when it is first asked for: whoever reads parameters needs no compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.lazily import lazily

if TYPE_CHECKING:
    from patchopt.optimizer.parameters import OptimizerParameters
    from patchopt.optimizer.progress import Progress
    from patchopt.optimizer.solve import Solution, optimize

__all__ = ["OptimizerParameters", "Progress", "Solution", "optimize"]

__getattr__ = lazily(
    __name__,
    {
        "OptimizerParameters": "parameters",
        "Progress": "progress",
        "Solution": "solve",
        "optimize": "solve",
    },
)
