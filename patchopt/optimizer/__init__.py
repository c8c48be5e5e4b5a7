"""The optimiser: CP-SAT over units with modes, warm-started, with a certificate."""

from patchopt.optimizer.parameters import OptimizerParameters
from patchopt.optimizer.progress import Progress
from patchopt.optimizer.solve import Solution, optimize

__all__ = ["OptimizerParameters", "Progress", "Solution", "optimize"]
