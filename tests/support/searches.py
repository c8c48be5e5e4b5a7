"""Strategies that search, and limits that are short enough for tests."""

from __future__ import annotations

from typing import Any, Final

from patchopt.strategies import strategy_names

#: Without them each search may take half a minute.
SHORT: Final[dict[str, dict[str, Any]]] = {
    "optimal": {"time_limit": 0.2, "workers": 1, "deterministic": True},
    "expected": {"time_limit": 0.1, "plans": 20, "replications": 20, "fresh": 40, "bounds": 3},
}
#: All others.
HEURISTICS: Final = tuple(name for name in strategy_names() if name not in SHORT)
