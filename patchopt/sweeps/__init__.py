"""Sweeps: a Hydra configuration, expanded to cells, run by workers, written as Parquet.

Everything is imported when it is first asked for: workers have no use for Hydra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.lazily import lazily

if TYPE_CHECKING:
    from patchopt.sweeps.comparing import comparison
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
    "comparison",
    "compose",
    "run_command_line",
    "run_sweep",
    "sweep",
]

__getattr__ = lazily(
    __name__,
    {
        "Forecast": "forecasting",
        "JobResults": "jobs",
        "SweepResult": "runner",
        "check_config": "config",
        "comparison": "comparing",
        "compose": "composing",
        "run_command_line": "jobs",
        "run_sweep": "runner",
        "sweep": "composing",
    },
)
