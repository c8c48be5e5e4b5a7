"""Whether a plan does better under failures than the nominal optimum, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

#: Beyond that many, plans are not named.
_MOST: Final = 3


def verdict(rows: Sequence[Mapping[Any, Any]], named: Callable[[str], str] = str) -> str:
    r"""Say which plans are significantly better than the nominal optimum under failures.

    Parameters
    ----------
    rows : sequence of mapping
        Of the summary, one scenario.
    named : callable
        How a label is written.

    Returns
    -------
    str
        One sentence; empty if there is no such plan. Significant is a 95% interval of the
        paired difference that lies below 0.

    Examples
    --------
    >>> how = {"relative_to_nominal_optimum": -0.2, "better_than_nominal_optimum": True}
    >>> how |= {"relative_to_nominal_optimum_low": -0.3, "relative_to_nominal_optimum_high": -0.1}
    >>> told = verdict([{"label": "canary", "optimum_proven": True, **how}])
    >>> print(told[:87])
    Under failures canary is better than the nominal optimum: 20.0% [10.0, 30.0] less total
    >>> verdict([])
    ''
    """
    better = [row for row in rows if row["better_than_nominal_optimum"]]
    if not better:
        return ""
    better.sort(key=lambda row: float(row["relative_to_nominal_optimum"]))
    first, *others = better
    text = (
        f"Under failures {named(first['label'])} is better than {_optimum(first)}: {_less(first)} "
    )
    text += "less total exposure (95% interval, paired under the same luck)"
    if others:
        told = [f"{named(row['label'])} ({_less(row)})" for row in others[:_MOST]]
        more = [f"{len(others) - _MOST} more"] if others[_MOST:] else []
        text += f"; so {'are' if len(others) > 1 else 'is'} {', '.join([*told, *more])}"
    return f"{text}."


def _optimum(row: Mapping[Any, Any]) -> str:
    return "the nominal optimum" + ("" if row["optimum_proven"] else " (the best plan known)")


def _less(row: Mapping[Any, Any]) -> str:
    value, low, high = (
        -100 * float(row[f"relative_to_nominal_optimum{end}"]) for end in ("", "_high", "_low")
    )
    return f"{value:.1f}% [{low:.1f}, {high:.1f}]"
