"""How long a search goes on: so many moves, or until a moment by the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

#: Moves a second times tasks, of compiled code on one core in the order of magnitude; what a
#: second stands for where moves are counted.
_RATE: Final = 12_000_000
_PLAIN_RATE: Final = 240_000
#: So often a second, and so often a run, it is asked whether to go on.
_LOOKS_PER_SECOND: Final = 50
_LOOKS_PER_RUN: Final = 200


def moves_per_second(tasks: int, *, plain: bool) -> float:
    """Return about how many moves a second takes on lists of so many tasks."""
    return (_PLAIN_RATE if plain else _RATE) / max(tasks, 10)


class Span(Protocol):
    """What one run may use up."""

    @property
    def moves(self) -> int:
        """How many moves to try before it is asked again."""
        ...

    def share(self) -> float:
        """Return how much of it is used up, 1 or more at its end."""
        ...

    def spend(self, moves: int) -> None:
        """Count moves that have been tried."""
        ...


class Moves:
    """So many moves: the same on any machine."""

    def __init__(self, total: int) -> None:
        self._total = max(1, total)
        self._spent = 0
        self.moves = max(1, self._total // _LOOKS_PER_RUN)

    def share(self) -> float:
        """Return the share of moves that have been tried."""
        return self._spent / self._total

    def spend(self, moves: int) -> None:
        """Count moves that have been tried."""
        self._spent += moves


class Until:
    """Until a moment of `time.monotonic`; asks more often where moves take longer than thought."""

    def __init__(self, end: float, moves_per_second: float) -> None:
        self._begin = self._looked = time.monotonic()
        self._length = max(end - self._begin, 1e-9)
        self._most = self.moves = max(1, int(moves_per_second / _LOOKS_PER_SECOND))

    def share(self) -> float:
        """Return the share of the time that has gone."""
        return (time.monotonic() - self._begin) / self._length

    def spend(self, moves: int) -> None:
        """Leave it to the clock; see how many moves are made between two looks."""
        took, self._looked = time.monotonic() - self._looked, time.monotonic()
        if moves == self.moves:
            fitting = moves / max(took * _LOOKS_PER_SECOND, 1e-9)
            self.moves = int(min(self._most, max(1, fitting)))


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What a stream of runs may use up.

    Parameters
    ----------
    seconds : float
        Of the clock, or what stands for them in moves.
    rate : float
        Moves that a second is good for.
    by_clock : bool
        Whether the clock counts, or moves.
    """

    seconds: float
    rate: float
    by_clock: bool

    def spans(self, share: float, parts: Sequence[float]) -> Iterator[Span]:
        """Return what each of some runs may use up, that take a share of it together.

        The clock begins now, and a run has its part of what is left.

        Parameters
        ----------
        share : float
            Of all there is.
        parts : sequence of float
            How much each run takes, beside the others.
        """
        seconds = self.seconds * share
        if not self.by_clock:
            moves = seconds * self.rate / sum(parts)
            return (Moves(int(moves * part)) for part in parts)
        end = time.monotonic() + seconds
        left = list(accumulate(reversed(parts)))[::-1]
        return (
            Until(_part(end, part / rest), self.rate)
            for part, rest in zip(parts, left, strict=True)
        )


def _part(end: float, share: float) -> float:
    """Return when so much of what is left until a moment will have gone."""
    now = time.monotonic()
    return now + (end - now) * share
