"""Planning under failures: what nobody can beat, and plans that expect them (MODEL 12)."""

from patchopt.stochastic.bounding import Bounds, bounds
from patchopt.stochastic.gaps import Gap, gap_over

__all__ = ["Bounds", "Gap", "bounds", "gap_over"]
