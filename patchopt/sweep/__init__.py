"""Sweeps: a Hydra configuration, expanded to cells, run by joblib, written as Parquet."""

from patchopt.sweep.app import compose, multirun, sweep
from patchopt.sweep.config import check_config
from patchopt.sweep.runner import SweepResult, run_sweep

__all__ = ["SweepResult", "check_config", "compose", "multirun", "run_sweep", "sweep"]
