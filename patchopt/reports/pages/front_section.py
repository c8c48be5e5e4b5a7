"""Of a scenario in a study: which plans are non-dominated, how surely, and what they add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from patchopt.model.metrics import METRIC_BY_NAME
from patchopt.reports.numbers.hypervolumes import Beside, Volume
from patchopt.reports.numbers.standing import Standing
from patchopt.reports.pages.markdown import code, escape, number, percent, table
from patchopt.reports.pages.markdown import with_interval as shown_with
from patchopt.wording import plural

Row = Mapping[Any, Any]

#: Decimals of shares of the box, in percent: what differs is often far behind the point.
_DIGITS: Final = 3


def non_dominated(rows: Sequence[Row], standing: Standing) -> list[str]:
    """Write the non-dominated plans of a scenario, and the hypervolume of each strategy.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario.
    standing : Standing
        How its plans stand to each other.

    Returns
    -------
    list of str
        Markdown.
    """
    return [
        "### Non-dominated plans\n",
        f"{_told(standing)}\n",
        _plans(rows, standing),
        *_strategies(standing.strategies),
    ]


def counted(row: Row) -> bool:
    """Tell whether a plan is non-dominated, or would be in some resample."""
    return bool(row["non_dominated"] or row["stays_non_dominated"] > 0)


def words(names: Sequence[str]) -> str:
    """Write names of metrics as words in a row.

    Examples
    --------
    >>> words(["total_exposure", "lost_capacity"])
    'total exposure and lost capacity'
    """
    plain = [name.replace("_", " ") for name in names]
    return " and ".join([", ".join(plain[:-1]), plain[-1]] if len(plain) > 1 else plain)


def _told(standing: Standing) -> str:
    front, reference = standing.front, standing.reference
    place = ", ".join(
        f"{name.replace('_', ' ')} {number(reference[name])} {METRIC_BY_NAME[name].unit}"
        for name in standing.objectives
    )
    parts = [
        f"{int(front.non_dominated.sum())} of {len(standing.plans)} plans that break nothing are "
        f"non-dominated over {words(standing.objectives)}, by their means over "
        f"{plural(standing.replications, 'replication')} that all of them have."
        if standing.replications
        else "The plans share no replication: which are non-dominated is by their means alone."
    ]
    if standing.alike:
        parts.append(f"Left out, the same for all: {words(standing.alike)}.")
    parts.append(
        f"Hypervolume {_volume(standing.whole)} of the box from 0 to the reference ({place})."
    )
    if standing.beyond:
        parts.append(
            f"{plural(standing.beyond, 'non-dominated plan')} not below the reference in every "
            "objective and so without volume."
        )
    return " ".join(parts)


def _plans(rows: Sequence[Row], standing: Standing) -> str:
    units = {name: METRIC_BY_NAME[name].unit for name in standing.objectives}
    header = [
        "",
        "strategy",
        *(f"{name.replace('_', ' ')} [{unit}]" for name, unit in units.items()),
        "stays non-dominated",
        "adds",
    ]
    lines = [
        [
            "✓" if row["non_dominated"] else "",
            code(row["label"]),
            *(
                shown_with(row[name], row[f"{name}_low"], row[f"{name}_high"], 0)
                for name in standing.objectives
            ),
            percent(row["stays_non_dominated"]),
            _volume(
                Volume(
                    value=row["hypervolume_contribution"],
                    low=row["hypervolume_contribution_low"],
                    high=row["hypervolume_contribution_high"],
                )
            ),
        ]
        for row in rows
        if counted(row)
    ]
    return table(header, lines, range(2, len(header)))


def _strategies(strategies: Sequence[Beside]) -> list[str]:
    if not strategies:
        return []
    lines = [
        [
            escape(one.strategy),
            str(one.plans),
            percent(one.own, _DIGITS),
            percent(one.rest, _DIGITS),
            _volume(one.difference),
        ]
        for one in strategies
    ]
    header = ["strategy", "plans", "hypervolume", "of all others", "difference"]
    return [table(header, lines, range(1, len(header)))]


def _volume(found: Volume) -> str:
    value, low, high = (100 * each for each in (found.value, found.low, found.high))
    if 0 < value < 10**-_DIGITS / 2:
        return f"\\<{10**-_DIGITS} %"
    return f"{shown_with(value, low, high, _DIGITS)} %"
