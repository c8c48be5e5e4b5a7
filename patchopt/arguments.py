"""What the functions of the API take: checked here, trusted inside."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import Any, Final

from patchopt.errors import PatchoptError
from patchopt.wording import shown

#: Seeds below that are whole numbers in every format that they are written to.
SEEDS: Final = 2**53
MOST_REPLICATIONS: Final = 100_000_000
#: What the optimiser takes.
MOST_SECONDS: Final = 10_000_000


def whole(name: str, value: Any, least: int, most: int) -> int:
    """Return a whole number within its limits; NumPy's count as such, true and 1.0 do not.

    Raises
    ------
    PatchoptError
        If it is none.

    Examples
    --------
    >>> whole("seed", 7, 0, 9)
    7
    """
    try:
        if isinstance(value, bool) or type(value).__name__ == "bool_":
            raise TypeError
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if not least <= number <= most:
        raise _refusal(name, value, f"give a whole number from {least} to {most}")
    return number


def seconds(name: str, value: Any) -> float:
    """Return a number of seconds above 0.

    Raises
    ------
    PatchoptError
        If it is none.

    Examples
    --------
    >>> seconds("time_limit", 2)
    2.0
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value <= MOST_SECONDS:
        raise _refusal(name, value, f"give seconds, above 0 and at most {MOST_SECONDS:,}")
    return float(value)


def _refusal(name: str, value: Any, remedy: str) -> PatchoptError:
    return PatchoptError(f"{shown(value)} will not do", place=name, remedy=remedy)


def need(name: str, value: Any, wanted: type[Any], remedy: str) -> None:
    """Refuse a value of another type.

    Raises
    ------
    PatchoptError
        With what it is and what would do.
    """
    if not isinstance(value, wanted):
        message = f"{shown(value)} is no {wanted.__name__}"
        raise PatchoptError(message, place=name, remedy=remedy)


def need_scenario(value: Any) -> None:
    """Refuse what is no scenario, such as the name of one."""
    from patchopt.model.scenario import Scenario

    named = f"patchopt.load_scenario({str(value)!r})" if _is_path(value) else ""
    need("scenario", value, Scenario, named or "patchopt.load_scenario(name_or_file) loads one")


def need_plan(value: Any) -> None:
    """Refuse what is no plan, such as the name of a strategy."""
    from patchopt.model.plan import Plan

    named = f"patchopt.plan(scenario, {value!r})" if isinstance(value, str) else ""
    need("plan", value, Plan, named or "patchopt.plan(scenario, strategy) makes one")


def need_path(name: str, value: Any) -> None:
    """Refuse what is neither text nor a path."""
    if not _is_path(value) or not str(value) or "\0" in str(value):
        remedy = "give it as text or as a Path"
        raise PatchoptError(f"{shown(value)} is no path", place=name, remedy=remedy)


def one_of(name: str, value: Any, allowed: Sequence[str]) -> None:
    """Refuse a value that is none of some names."""
    if value not in allowed:
        raise _refusal(name, value, f"give one of {', '.join(allowed)}")


def need_texts(name: str, values: Sequence[Any]) -> None:
    """Refuse overrides that are not text each."""
    for value in values:
        if not isinstance(value, str):
            remedy = "give each as a text of its own: sweep('experiment=smoke', 'sweep.seed=1')"
            raise PatchoptError(f"{shown(value)} is no override", place=name, remedy=remedy)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, os.PathLike) and isinstance(os.fspath(value), str)
    )
