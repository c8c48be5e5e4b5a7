"""One annealing after another over the lists of a problem."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from patchopt.model.base import Floats, Ints
from patchopt.optimizer.decoder import Decoder

#: Share of moves of each kind, as `changes` numbers them, where tasks have one mode and two.
_ONE_MODE: Final = (0.30, 0.20, 0.0, 0.15, 0.10, 0.10, 0.15)
_TWO_MODES: Final = (0.25, 0.15, 0.10, 0.15, 0.10, 0.10, 0.15)
#: Share of the moves that are guided, if any are.
_GUIDED: Final = 0.5


class Coded(NamedTuple):
    """A schedule as the list and the modes that it is decoded from.

    Parameters
    ----------
    objective_milli : int
        Milli-weight-seconds.
    order, wanted : ndarray of int64, shape (n,)
        As `patchopt.optimizer.decoding.lists.decode` takes them.
    """

    objective_milli: int
    order: Ints
    wanted: Ints


class Annealer:
    """Room for one search at a time.

    Parameters
    ----------
    decoder : Decoder
        Of the problem.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._engine = decoder.engine
        given = self._engine.given
        arrays, services = decoder.arrays, decoder.problem.services
        self._arrays = given(arrays)
        self._search = given(self._engine.changes.new_search(arrays, services))
        two = any(len(task.modes) > 1 for task in decoder.problem.tasks)
        self._shares = given(np.cumsum(_TWO_MODES if two else _ONE_MODE))
        self._values: Any = None
        self._margin: Any = None
        self._guide: Any = None
        self.guide_by_nothing()
        self._luck: Any = None

    def start(self, begin: Coded, seed: int) -> None:
        """Begin at a list.

        Parameters
        ----------
        begin : Coded
            Where.
        seed : int
            Of the moves.
        """
        search, given = self._search, self._engine.given
        search.now.order[:] = given(begin.order)
        search.now.wanted[:] = given(begin.wanted)
        now = search.now
        value = self._engine.lists.decode(
            self._arrays, search.profiles, now.order, now.wanted, now.placed
        )
        self._engine.annealing.begin(self._arrays, search)
        self._values = given(np.array([value, value], np.int64))
        self._margin = given(np.array([value / max(1, len(begin.order))]))
        self._luck = given(self._engine.luck.new_luck(seed))

    def guide_by(self, costs: Floats, cell_s: int) -> None:
        """Try from now on those tasks rather whose starts cost most.

        Parameters
        ----------
        costs : ndarray of float64, shape (n, 2, cells)
            By task, mode and cell of its start; infinite where there is no such mode.
        cell_s : int
            Seconds of a cell.
        """
        make = self._engine.changes.Guide
        self._guide = self._engine.given(make(costs.ravel(), costs.shape[2], cell_s, _GUIDED))

    def guide_by_nothing(self) -> None:
        """Try all tasks alike from now on."""
        self._guide = self._engine.given(self._engine.changes.no_guide())

    def go_on(self, moves: int, temperature: float) -> None:
        """Try some moves.

        Parameters
        ----------
        moves : int
            How many.
        temperature : float
            In milli-weight-seconds.
        """
        self._engine.annealing.anneal(
            self._arrays,
            self._search,
            self._guide,
            self._luck,
            self._shares,
            moves,
            temperature,
            self._values,
            self._margin,
        )

    @property
    def objective_milli(self) -> int:
        """Of the best so far."""
        return int(self._values[1])

    def best(self) -> Coded:
        """Return the best list so far."""
        best = self._search.best
        order, wanted = np.array(best.order, np.int64), np.array(best.wanted, np.int64)
        return Coded(self.objective_milli, order, wanted)
