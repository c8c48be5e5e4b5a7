"""The simulator: one event loop over flat arrays, common random numbers, exact metrics."""

from patchopt.simulator.outcome import Outcome
from patchopt.simulator.running import Simulator, simulate

__all__ = ["Outcome", "Simulator", "simulate"]
