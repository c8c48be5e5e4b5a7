"""The optimiser: CP-SAT over units with modes, warm-started, with a certificate."""

from patchopt.optimizer.solve import OptimizerParameters, Progress, Solution, optimize

__all__ = ["OptimizerParameters", "Progress", "Solution", "optimize"]
