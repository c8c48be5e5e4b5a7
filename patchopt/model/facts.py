"""Which fields of a scenario are facts: the others are assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from patchopt.model.scenario import Scenario

#: Fields that say nothing of the infrastructure.
_OUTSIDE: Final = {"version", "name", "seed", "luck", "facts"}


def assumed_share(scenario: Scenario) -> float | None:
    """Return which share of a scenario's fields is assumed.

    Parameters
    ----------
    scenario : Scenario
        Its `facts` name the fields that are none.

    Returns
    -------
    float or None
        Of all fields that differ from their defaults, names of entries aside; None if it does
        not say which are facts. O(fields x patterns).

    Examples
    --------
    >>> import patchopt
    >>> share = assumed_share(patchopt.load_scenario("ha_microservices"))
    >>> share is not None and 0.5 < share < 1
    True
    """
    if scenario.facts is None:
        return None
    paths = list(_paths(scenario))
    facts = [_parts(pattern) for pattern in scenario.facts]
    assumed = sum(not any(_within(path, fact) for fact in facts) for path in paths)
    return assumed / len(paths)


def idle_facts(scenario: Scenario) -> list[str]:
    """Return the patterns of a scenario's `facts` that name no field of it."""
    paths = list(_paths(scenario)) if scenario.facts else []
    return [
        pattern
        for pattern in scenario.facts or ()
        if not any(_within(path, _parts(pattern)) for path in paths)
    ]


def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("."))


def _within(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Say whether a field is what a pattern names, or lies below it."""
    return len(path) >= len(pattern) and all(
        fnmatchcase(part, own) for own, part in zip(pattern, path, strict=False)
    )


def _paths(scenario: Scenario) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field; nodes are named by their ids, edges by their places."""
    told = scenario.model_dump(mode="json", exclude_defaults=True, exclude=_OUTSIDE)
    told["nodes"] = {node.pop("id"): node for node in told["nodes"]}
    return _leaves(told, ())


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, (*path, str(key)))
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from _leaves(below, (*path, str(place)))
    else:
        yield path
