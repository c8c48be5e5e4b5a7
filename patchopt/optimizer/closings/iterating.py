"""Filling the bins of a closing for as long as there is: one annealing, then pairs of bins.

Pairs are packed anew until none gets better, and again after some exchanges that are not so cold
(iterated local search: Lourenço, Martin, Stützle, in Handbook of Metaheuristics, 2003).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from patchopt.model.base import Ints
from patchopt.optimizer.closings.bins import Bins
from patchopt.optimizer.closings.packing import Packing
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.search.effort import Span

#: First and last temperature, in node-seconds of the crew before the closing.
_HOT: Final = 15.0
_COLD: Final = 0.3
#: What the root of a second that a bin leaves unused costs meanwhile, in the same.
_SCATTERED: Final = 0.5
#: The annealing's share for each task that may be moved, and at most.
_ANNEALED: Final = 1 / 1600
_MOST_ANNEALED: Final = 0.7
#: Temperature of what comes between packings of pairs, and trials for each task.
_WARM: Final = 1.0
_SHAKEN: Final = 100
#: Trials of an annealing that take as long as that of a pair of bins.
_FILLED_WHILE_REPACKED: Final = 8


class Allowance(NamedTuple):
    """What may be used up.

    Parameters
    ----------
    span : Span
        Of all closings.
    until : float
        Share of it at which this closing's ends.
    trials : int
        How many stand for a move of the span.
    ended : callable
        Whether to give up.
    """

    span: Span
    until: float
    trials: int
    ended: Callable[[], bool]


def fill_up(decoder: Decoder, packing: Packing, luck: Ints, allowance: Allowance) -> Bins:
    """Fill bins as well as there is time for.

    Parameters
    ----------
    decoder : Decoder
        Of the problem.
    packing : Packing
        What may be moved.
    luck : ndarray of int64
        State of the random numbers.
    allowance : Allowance
        What may be used up.

    Returns
    -------
    Bins
        As the decoder's engine has them.
    """
    given, filling = decoder.engine.given, decoder.engine.filling
    bins, luck = given(packing.bins), given(luck)
    state = decoder.given, bins, given(packing.uses), given(packing.trial)
    filling.begin(*state, given(packing.first))
    _anneal(filling, state, luck, packing, allowance)
    filling.fill(*state, luck, 0, 1.0, 0.0)  # values count what is scattered no more
    return _iterate(decoder, state, luck, packing, allowance)


def _anneal(
    filling: Any, state: tuple[Any, ...], luck: Any, packing: Packing, allowance: Allowance
) -> None:
    span, second = allowance.span, packing.waiting.second
    begun = span.share()
    length = min(_MOST_ANNEALED, _ANNEALED * len(packing.first)) * (allowance.until - begun)
    while not allowance.ended() and (share := span.share() - begun) < length:
        hot = second * _HOT * (_COLD / _HOT) ** (share / length)
        trials = allowance.trials * span.moves
        filling.fill(*state, luck, trials, hot, _SCATTERED * second)
        span.spend(span.moves)


def _iterate(
    decoder: Decoder, state: tuple[Any, ...], luck: Any, packing: Packing, allowance: Allowance
) -> Bins:
    span, engine = allowance.span, decoder.engine
    bins: Bins = state[1]
    shares = engine.given(engine.pairs.new_shares())
    trials = max(1, allowance.trials * span.moves // _FILLED_WHILE_REPACKED)
    best, least = bins, math.inf
    while not allowance.ended() and span.share() < allowance.until:
        made = engine.pairs.repack(*state, shares, luck, trials)
        value = value_of(bins, packing.first)
        if value < least:
            best, least = copy.deepcopy(bins), value
        if made == 0:
            warm, some = packing.waiting.second * _WARM, _SHAKEN * len(packing.first)
            engine.filling.fill(*state, luck, some, warm, 0.0)
        span.spend(span.moves)
    return best


def value_of(bins: Bins, candidates: Ints) -> float:
    """Return what candidates contribute to the objective, in bins and where they wait.

    Parameters
    ----------
    bins : Bins
        Of which the value counts nothing for what is scattered.
    candidates : ndarray of int64
        All tasks that may be moved.
    """
    waits = candidates[np.asarray(bins.bin_of)[candidates] < 0]
    return float(np.sum(bins.value) + np.asarray(bins.later)[waits].sum())
