"""Sweeps: a Hydra configuration, expanded to cells, run by workers, written as Parquet.

Everything is imported when it is first asked for: workers have no use for Hydra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_PLACES: Final = {
    "Forecast": "forecasting",
    "JobResults": "jobs",
    "SweepResult": "runner",
    "check_config": "config",
    "compose": "composing",
    "run_command_line": "jobs",
    "run_sweep": "runner",
    "sweep": "composing",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'patchopt.sweeps' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"patchopt.sweeps.{_PLACES[name]}"), name)
