"""Decoding, annealing and packing, compiled and not: one source, two ways to run it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np

from patchopt.compiling.plain import compiled_module, plain_module

_PACKAGE: Final = "patchopt.optimizer"
#: All modules with compiled functions that each other's become part of.
JITTED: Final = (
    "closings.bins",
    "closings.filling",
    "closings.pairs",
    "decoding.lists",
    "decoding.ordering",
    "decoding.profiles",
    "decoding.resuming",
    "decoding.ties",
    "search.annealing",
    "search.changes",
    "search.luck",
    "search.moves",
    "search.reaching",
)


class Engine(NamedTuple):
    """Functions that are all compiled or all plain, and what they want to be given.

    Parameters
    ----------
    lists, ordering, ties : module
        Of `patchopt.optimizer.decoding`.
    annealing, changes, luck, reaching : module
        Of `patchopt.optimizer.search`.
    filling, pairs : module
        Of `patchopt.optimizer.closings`.
    given : callable
        Makes what is given to them of bundles of arrays; plain code is quicker on lists.
    """

    lists: ModuleType
    ordering: ModuleType
    ties: ModuleType
    annealing: ModuleType
    changes: ModuleType
    luck: ModuleType
    reaching: ModuleType
    filling: ModuleType
    pairs: ModuleType
    given: Callable[[Any], Any]


@cache
def compiled() -> Engine:
    """Return the compiled functions; Numba keeps them on disk, loading them takes half a second."""
    return _engine(lambda name: compiled_module(_PACKAGE, name), lambda bundle: bundle)


@cache
def uncompiled() -> Engine:
    """Return the same functions as plain Python: some hundred times slower, with equal results."""
    return _engine(lambda name: plain_module(_PACKAGE, JITTED, name), as_lists)


def _engine(module: Callable[[str], ModuleType], given: Callable[[Any], Any]) -> Engine:
    return Engine(
        lists=module("decoding.lists"),
        ordering=module("decoding.ordering"),
        ties=module("decoding.ties"),
        annealing=module("search.annealing"),
        changes=module("search.changes"),
        luck=module("search.luck"),
        reaching=module("search.reaching"),
        filling=module("closings.filling"),
        pairs=module("closings.pairs"),
        given=given,
    )


def as_lists(bundle: Any) -> Any:
    """Return arrays, and those in bundles of them, as lists."""
    if isinstance(bundle, np.ndarray):
        return bundle.tolist()
    if isinstance(bundle, tuple):
        made: Any = type(bundle)  # a named tuple
        return made(*map(as_lists, bundle))
    return bundle
