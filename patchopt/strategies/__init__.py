"""Strategies: from an infrastructure to a plan; one contract, one registry."""

from patchopt.strategies.base import (
    Strategy,
    make_strategy,
    register,
    strategy_class,
    strategy_names,
)

__all__ = ["Strategy", "make_strategy", "register", "strategy_class", "strategy_names"]
