"""Priorities mixed from several rules, and changed component by component.

Under strict order no rule is the best for long: what suits one instance is a mixture of weight,
work and what waits, and which one is found by trying, since a list is decoded in no time
(Branke, Nguyen, Pickardt, Zhang, Automated design of production scheduling heuristics, IEEE
Transactions on Evolutionary Computation 20, 2016). A change of a priority moves a task and all
that waits for it in the list, which moves of single tasks cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from patchopt.model.base import Floats
from patchopt.optimizer.decoder import Decoder
from patchopt.optimizer.search.annealer import Coded
from patchopt.optimizer.search.effort import Span
from patchopt.optimizer.search.figures import figures_of

#: Moves of a list that take as long as a trial, measured from 200 to 10,000 tasks.
TRIAL_MOVES: Final = 12
#: Its share of a search at least, and how often each task could be moved for it to be no more.
_SHARE: Final = 0.25
_ENOUGH_MOVES: Final = 60
#: Until which share of all trials mixtures are drawn anew, and until which they are changed.
_DRAWN: Final = 0.2
_CHANGED: Final = 0.6
#: Chance of a rule to be in a mixture that is drawn, and to change; how much it changes.
_IN: Final = 0.5
_TOUCHED: Final = 0.4
_STEP: Final = 0.25
#: Of single components: how many change at most, by how many deviations of the priorities, and how
#: hot it is at first and at last, in the objective.
_MOST: Final = 3
_STEPS: Final = (0.1, 0.3, 1.0)
_HOT, _COLD = 2e-3, 4e-5


def rules_of(decoder: Decoder) -> Floats:
    """Return what the rules of priority say of each task of a problem.

    Parameters
    ----------
    decoder : Decoder
        Of the problem, of at least one task, with strict order.

    Returns
    -------
    ndarray of float64, shape (rules, n)
        The higher, the earlier; each rule of mean 0 and deviation 1. Rules by which all tasks
        are alike are left out.
    """
    from patchopt.optimizer.search.sidney import densities  # OR-Tools takes a while to load

    own, arrays = figures_of(decoder), decoder.arrays
    component = np.asarray(arrays.component)
    weight, waiting = np.maximum(own.weight, 1.0), np.maximum(own.waiting_weight, 1.0)

    def dense(amount: Floats) -> Floats:
        sums = [np.bincount(component, one).astype(np.int64) for one in (weight, amount)]
        found: Floats = densities(arrays, *sums)[component]
        return found

    ratios = [
        weight / own.length,
        weight / own.work,
        1.0 / own.length,
        waiting / own.length,
        waiting / own.work,
        waiting / own.waiting_work,
        own.path,
        waiting,
        own.waiting_work,
        dense(own.length),
        dense(own.work),
    ]
    return _standardised(np.log(np.array(ratios)))


def _standardised(rules: Floats) -> Floats:
    """Return rules with mean 0 and deviation 1; those by which all are alike are left out."""
    rules = rules - rules.mean(axis=1, keepdims=True)
    spread = rules.std(axis=1, keepdims=True)
    some = spread[:, 0] > 1e-9
    return np.asarray(rules[some] / spread[some], np.float64)


def share_of_mixing(moves: float) -> float:
    """Return the share of a search in which priorities are mixed before tasks are moved.

    Measured: 12.5 instead of 13.4% from the bound where each task can be moved 12 times and three
    quarters are spent on mixing, rather than one; 14.3 instead of 12.5% where it is 700 times.

    Parameters
    ----------
    moves : float
        How often each task could be moved in all of it.
    """
    return max(_SHARE, 1.0 - moves / _ENOUGH_MOVES)


class Mixer:
    """Makes lists of one problem by mixed priorities.

    Parameters
    ----------
    decoder : Decoder
        Of the problem, of at least one task.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._rules = rules_of(decoder)
        self._component = np.asarray(decoder.arrays.component)
        self._free = np.full(len(self._component), -1, np.int64)

    def mix(
        self,
        begin: Coded,
        seed: int,
        span: Span,
        ended: Callable[[int], bool],
        starts: Floats | None = None,
    ) -> Coded:
        """Return the best list of many priorities, or the one to begin at if none is better.

        First mixtures are drawn, then the best of them is changed (the (1 + 1) evolution strategy
        of Beyer, Schwefel, Evolution strategies: a comprehensive introduction, Natural Computing
        1, 2002), at last single components are put earlier or later by annealing.

        Parameters
        ----------
        begin : Coded
            A list.
        seed : int
            Of the draws.
        span : Span
            What may be used up.
        ended : callable
            Told the best objective, says whether to give up.
        starts : ndarray of float64, shape (more, n), optional
            Further rules: when each task is thought to start.

        Returns
        -------
        Coded
        """
        rules = self._rules
        if starts is not None:
            rules = np.concatenate([_standardised(-starts), rules])
        if not len(rules):
            return begin
        luck = np.random.default_rng(seed)
        key, found = self._mixed(rules, luck, span, ended)
        best = min(begin, found, key=lambda one: one.objective_milli)
        return self._shifted(key, found.objective_milli, best, luck, span, ended)

    def _mixed(
        self,
        rules: Floats,
        luck: np.random.Generator,
        span: Span,
        ended: Callable[[int], bool],
    ) -> tuple[Floats, Coded]:
        """Return the priorities of the best mixture, and their list."""
        count = len(rules)
        shares = np.eye(count)[0]
        key, best = self._tried(shares @ rules)
        trial = 1
        while not ended(best.objective_milli):
            used = span.share()
            if used >= _CHANGED:
                break
            if trial < count:
                drawn = np.eye(count)[trial]
            elif used < _DRAWN:
                drawn = luck.normal(size=count) * (luck.random(count) < _IN)
            else:
                drawn = luck.normal(size=count) * (luck.random(count) < _TOUCHED)
                drawn = shares + _STEP * np.abs(shares).max() * drawn
            trial += 1
            span.spend(TRIAL_MOVES)
            found = self._tried(drawn @ rules)
            if found[1].objective_milli <= best.objective_milli:
                shares, (key, best) = drawn, found
        return key, best

    def _tried(self, priority: Floats) -> tuple[Floats, Coded]:
        key = np.asarray(-priority, np.float64)
        return key, self._decoded(key)

    def _decoded(self, key: Floats) -> Coded:
        order = self._decoder.in_order(key)
        return Coded(self._decoder.value(order, self._free), order, self._free)

    def _shifted(
        self,
        key: Floats,
        now_milli: int,
        best: Coded,
        luck: np.random.Generator,
        span: Span,
        ended: Callable[[int], bool],
    ) -> Coded:
        """Anneal over what is added to the priorities of each component."""
        components = len(self._decoder.arrays.inside_begin) - 1
        added = np.zeros(components)
        steps = float(key.std()) * np.array(_STEPS)
        while not ended(best.objective_milli):
            used = span.share()
            if used >= 1.0:
                break
            cooled = max(0.0, (used - _CHANGED) / (1.0 - _CHANGED))
            some = luck.integers(0, components, luck.integers(1, _MOST + 1))
            kept = added[some]
            added[some] += luck.choice(steps) * luck.normal(size=len(some))
            span.spend(TRIAL_MOVES)
            found = self._decoded(key + added[self._component])
            worse = found.objective_milli - now_milli
            warm = max(1.0, best.objective_milli * _HOT * (_COLD / _HOT) ** cooled)
            if worse <= 0 or luck.random() < np.exp(-worse / warm):
                now_milli = found.objective_milli
                if now_milli < best.objective_milli:
                    best = found
            else:
                added[some] = kept
        return best
