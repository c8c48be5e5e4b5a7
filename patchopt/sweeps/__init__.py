"""Sweeps: a Hydra configuration, expanded to cells, run by joblib, written as Parquet."""

from patchopt.sweeps.composing import compose, sweep
from patchopt.sweeps.config import check_config
from patchopt.sweeps.forecasting import Forecast
from patchopt.sweeps.jobs import JobResults, run_command_line
from patchopt.sweeps.runner import SweepResult, run_sweep

__all__ = [
    "Forecast",
    "JobResults",
    "SweepResult",
    "check_config",
    "compose",
    "run_command_line",
    "run_sweep",
    "sweep",
]
