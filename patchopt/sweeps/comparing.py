"""A comparison of strategies as the sweep that it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from patchopt.model.presets import FailurePreset
from patchopt.sweeps.config import SweepConfig, check_config

#: Where replications end that go on until they are precise.
_PRECISION: Final = {"metrics": ["total_exposure"], "share": 0.01, "cap": 100_000}


def comparison(
    *,
    scenarios: Sequence[str],
    strategies: Sequence[str],
    replications: int | str,
    bounded: int,
    seed: int | None,
    time_limit: float,
    out: Path,
    workers: int,
    failures: FailurePreset | None = None,
    stratify: bool = False,
    trace: bool = False,
    force: bool = False,
) -> SweepConfig:
    """Return the sweep of a comparison, as Hydra would have composed it.

    Parameters
    ----------
    scenarios, strategies : sequence of str
        Names.
    replications : int or 'auto'
        Of each plan; auto: until mean total exposures are known to 1%.
    bounded : int
        How many of them have a wait-and-see bound.
    seed : int, optional
        Of all of them; the scenario's own by default.
    time_limit : float
        Deterministic seconds for plans that are searched for.
    out : Path
        Of the dataset.
    workers : int
        Processes.
    failures : FailurePreset, optional
        In place of the scenario's own.
    stratify, trace, force : bool
        As in ``conf/sweep/default.yaml`` and ``conf/simulator/default.yaml``.

    Raises
    ------
    ConfigError
        For values that make no sense.
    """
    values: dict[str, Any] = {
        "sweep": {
            "scenarios": list(scenarios),
            "strategies": list(strategies),
            "replications": replications,
            "stratify": stratify,
            "precision": _PRECISION,
            "seed": seed,
            "out": str(out),
            "force": force,
        },
        "bound": {"replications": bounded},
        "optimizer": {"time_limit": time_limit, "deterministic": True},
        "simulator": {"block": 1000, "trace": trace},
        "failures": failures,
        "parallel": {"n_jobs": workers},
    }
    return check_config(values)
