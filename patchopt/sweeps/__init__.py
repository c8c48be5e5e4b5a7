"""Sweeps: a Hydra configuration, expanded to cells, run by joblib, written as Parquet."""

from patchopt.sweeps.app import compose, multirun, sweep
from patchopt.sweeps.config import check_config
from patchopt.sweeps.runner import SweepResult, run_sweep

__all__ = ["SweepResult", "check_config", "compose", "multirun", "run_sweep", "sweep"]
