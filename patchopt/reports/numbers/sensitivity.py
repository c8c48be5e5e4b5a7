"""How much a number that is assumed matters: elasticities, and whether ranks stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from patchopt.model.base import Floats
from patchopt.model.metrics import Z_95
from patchopt.model.quantities import parse_duration
from patchopt.reports.numbers.summary import Results

#: What scenarios of several datasets are called that differ in their configurations.
_TOLD_APART: Final = re.compile(r"(?P<base>[^ ]+) \((?P<settings>.+)\)")


@dataclass(frozen=True, eq=False, kw_only=True)
class Sensitivity:
    """What one parameter does to the plans of one scenario.

    Parameters
    ----------
    scenario, parameter : str
        Which; settings in which other datasets differ are part of the scenario's name.
    values : tuple of float
        Of the parameter, ascending, all above 0; durations in seconds.
    labels : tuple of str
        Plans that keep the constraints under every value.
    elasticity, low, high : ndarray of float64, shape (labels,)
        Percent that the mean total exposure grows by for each percent that the parameter does:
        slope of the logarithms by least squares, with 95% limits as if runs under different values
        were independent, which makes them too wide.
    ranks : ndarray of int64, shape (labels, values)
        1: least mean total exposure under a value.
    tau : float
        Least of Kendall's τ between the ranks under the middle value and under any other; 1: the
        order never changes. NaN for a single plan.
    """

    scenario: str
    parameter: str
    values: tuple[float, ...]
    labels: tuple[str, ...]
    elasticity: Floats
    low: Floats
    high: Floats
    ranks: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    tau: float


def sensitivities(results: Results) -> list[Sensitivity]:
    """Find the parameters that a study was run with several values of.

    Parameters
    ----------
    results : Results
        Of several datasets, such as the jobs of a multirun
        (``patchopt sweep -m failures.failure_probability=0.05,0.1``).

    Returns
    -------
    list of Sensitivity
        One a scenario and parameter; empty if the study is of one dataset.
    """
    made = []
    for (scenario, parameter), every in designs(results).items():
        # Percent are of what is above 0.
        names = {value: name for value, name in every.items() if value > 0}
        if len(names) > 1:
            found = _sensitivity(results, scenario, parameter, names)
            made += [] if found is None else [found]
    return made


def designs(results: Results) -> dict[tuple[str, str], dict[float, str]]:
    """Return the scenario under each value of a parameter, all other settings the same.

    Parameters
    ----------
    results : Results
        Of several datasets.

    Returns
    -------
    dict of tuple of (str, str) to dict of float to str
        By scenario and parameter: what the scenario is called under each of its values, two or
        more; durations in seconds.
    """
    found: dict[tuple[str, str], dict[float, str]] = {}
    for name in dict.fromkeys(results.summary["scenario"]):
        told = _TOLD_APART.fullmatch(str(name))
        if told is None:
            continue
        settings = dict(_settings(told["settings"]))
        for parameter, text in settings.items():
            value = number_of(text)
            if value is None:
                continue
            rest = ", ".join(f"{k}={v}" for k, v in settings.items() if k != parameter)
            scenario = f"{told['base']} ({rest})" if rest else told["base"]
            found.setdefault((scenario, parameter), {})[value] = str(name)
    return {key: names for key, names in found.items() if len(names) > 1}


def _settings(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split(", "):
        key, sign, value = part.partition("=")
        if sign:
            yield key, value


def number_of(text: str) -> float | None:
    """Return a finite number, seconds of a duration among them, or None.

    Examples
    --------
    >>> number_of("0.5"), number_of("15m"), number_of("in_place"), number_of("inf")
    (0.5, 900.0, None, None)
    """
    for read in (float, parse_duration):
        try:
            value = float(read(text))
        except ValueError:
            continue
        return value if np.isfinite(value) else None
    return None


def _sensitivity(
    results: Results, scenario: str, parameter: str, names: Mapping[float, str]
) -> Sensitivity | None:
    values = sorted(names)
    summary = results.summary
    kept = summary[(summary["breaks"] == "") & (summary["total_exposure"] > 0)]
    tables = [kept[kept["scenario"] == names[value]].set_index("label") for value in values]
    labels = [label for label in tables[0].index if all(label in t.index for t in tables)]
    if not labels:
        return None
    means, low, high = (
        np.column_stack([table.loc[labels, column].to_numpy(float) for table in tables])
        for column in ("total_exposure", "total_exposure_low", "total_exposure_high")
    )
    slope, reach = _slopes(np.log(values), means, (high - low) / 2)
    ranks = means.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 1
    return Sensitivity(
        scenario=scenario,
        parameter=parameter,
        values=tuple(values),
        labels=tuple(labels),
        elasticity=slope,
        low=slope - reach,
        high=slope + reach,
        ranks=ranks,
        tau=_least_tau(ranks),
    )


def _slopes(x: Floats, means: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Return slopes of log means over x, a row each, and half widths of their 95% intervals."""
    off = x - x.mean()
    share = off / (off @ off)
    errors = np.nan_to_num(half) / Z_95 / means
    return np.log(means) @ share, Z_95 * np.sqrt(errors**2 @ share**2)


def _least_tau(ranks: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> float:
    from scipy.stats import kendalltau  # takes its time to load

    count = ranks.shape[1]
    middle = count // 2
    if len(ranks) < 2:
        return float("nan")
    others = [at for at in range(count) if at != middle]
    return min(float(kendalltau(ranks[:, middle], ranks[:, at]).statistic) for at in others)


def best_of(found: Sensitivity) -> Sequence[str]:
    """Return the best plan under each value."""
    return [found.labels[int(column.argmin())] for column in found.ranks.T]
