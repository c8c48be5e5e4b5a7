"""The best policy there is, on tiny problems: an exact dynamic programme (MODEL 12.4).

Written from the model, with nothing of the product: what is known at a decision is who is done,
who is given up, how many attempts have failed, and who is at work for how much longer. Of a
release that may be defective it is known, too, how its nodes have done so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from math import inf
from typing import Literal, NamedTuple


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A node of its own, worked on in place.

    Parameters
    ----------
    weight
        What a second of it costs while it is old.
    length_s
        From the start of an attempt to its commit or failure.
    rollback_s
        After a failure.
    fails, fails_if_defective
        Probability that an attempt fails, by what its release is.
    """

    weight: int
    length_s: int
    rollback_s: int
    fails: float
    fails_if_defective: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """Units under a crew, all of one release; each may be tried again so many times."""

    units: tuple[Unit, ...]
    crew: int
    retries: int
    horizon_s: int
    defect: float = 0.0


class At(NamedTuple):
    """Where a unit is: waiting, at work, rolling back (both with seconds left), done, given up."""

    what: Literal["waits", "works", "goes back", "done", "given up"]
    failed: int
    left_s: int = 0


State = tuple[At, ...]

#: Takes a place in the crew.
BUSY = ("works", "goes back")


def policy_optimum(tiny: Tiny) -> float:
    """Return the least expected total exposure of any policy; exponential in the units.

    The horizon is so far away that nobody leaves alone what may succeed: who never succeeds costs
    the same under every policy, and time itself decides nothing.
    """
    return sum(
        unit.weight * tiny.horizon_s * (1 - _succeeds(tiny, unit, 0, tiny.defect))
        for unit in tiny.units
    ) + _Programme(tiny).value((At("waits", 0),) * len(tiny.units))


def _succeeds(tiny: Tiny, unit: Unit, failed: int, defective: float) -> float:
    """Return the probability that a unit is done in the end, so many attempts having failed."""
    left = tiny.retries + 1 - failed
    chances = (1 - defective, unit.fails), (defective, unit.fails_if_defective)
    return sum(prior * (1 - p**left) for prior, p in chances)


class _Programme:
    """What those that succeed cost from some state on, per state."""

    def __init__(self, tiny: Tiny) -> None:
        self._tiny = tiny
        self.value = cache(self._value)

    def _value(self, state: State) -> float:
        """Decide as well as can be: whom to start, and whom to let wait for news."""
        busy = sum(at.what in BUSY for at in state)
        waiting = [number for number, at in enumerate(state) if at.what == "waits"]
        worth = self._exposed(state) > 0
        best = inf
        for count in range(min(len(waiting), self._tiny.crew - busy) + 1):
            for started in combinations(waiting, count):
                if busy + count > 0:
                    best = min(best, self._gone_on(self._begun(state, started)))
                elif not worth:
                    best = 0.0
        return best

    def _exposed(self, state: State) -> float:
        """Return the weight that is old and will not stay so, as far as that is known."""
        bad = self._defective(state)
        return sum(
            unit.weight * _succeeds(self._tiny, unit, at.failed, bad)
            for unit, at in zip(self._tiny.units, state, strict=True)
            if at.what in ("waits", *BUSY)
        )

    def _defective(self, state: State) -> float:
        """Return the probability that the release is defective, by Bayes's rule."""
        sound, bad = 1 - self._tiny.defect, self._tiny.defect
        for unit, at in zip(self._tiny.units, state, strict=True):
            done = at.what == "done"
            sound *= unit.fails**at.failed * ((1 - unit.fails) if done else 1)
            p = unit.fails_if_defective
            bad *= p**at.failed * ((1 - p) if done else 1)
        return bad / (bad + sound)

    def _begun(self, state: State, started: tuple[int, ...]) -> State:
        return tuple(
            At("works", at.failed, self._tiny.units[number].length_s) if number in started else at
            for number, at in enumerate(state)
        )

    def _gone_on(self, state: State) -> float:
        """Let time go on until something ends; weigh all that can have happened."""
        step_s = min(at.left_s for at in state if at.what in BUSY)
        moved = tuple(
            at._replace(left_s=at.left_s - step_s) if at.what in BUSY else at for at in state
        )
        ending = [n for n, at in enumerate(moved) if at.what == "works" and at.left_s == 0]
        known = self._defective(state)
        total = step_s * self._exposed(state)
        for failures in product((False, True), repeat=len(ending)):
            happened = dict(zip(ending, failures, strict=True))
            chance = sum(
                prior * self._chance(happened, bad=bad)
                for bad, prior in ((False, 1 - known), (True, known))
            )
            if chance > 0:
                total += chance * self.value(self._ended(moved, happened))
        return total

    def _chance(self, happened: dict[int, bool], *, bad: bool) -> float:
        chance = 1.0
        for number, failed in happened.items():
            unit = self._tiny.units[number]
            p = unit.fails_if_defective if bad else unit.fails
            chance *= p if failed else 1 - p
        return chance

    def _ended(self, state: State, happened: dict[int, bool]) -> State:
        found = []
        for number, at in enumerate(state):
            if number in happened:
                back = At("goes back", at.failed + 1, self._tiny.units[number].rollback_s)
                found.append(back if happened[number] else At("done", at.failed))
            elif at.what == "goes back" and at.left_s == 0:
                again = at.failed <= self._tiny.retries
                found.append(At("waits" if again else "given up", at.failed))
            else:
                found.append(at)
        return tuple(found)
