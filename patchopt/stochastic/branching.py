"""Parts of the problem of an outcome, and how each is parted further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from patchopt.stochastic.hindsight import Chain, Hindsight


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Some of the schedules of an outcome.

    Parameters
    ----------
    hindsight : Hindsight
        With fewer ways, some chains left alone and others not to be.
    bound_milli, incumbent_milli : int
        What they cost at least; what one of the whole outcome costs.
    left : int, optional
        Number of the chain that it may be best to leave alone, where that is what the bound
        comes from.
    """

    hindsight: Hindsight
    bound_milli: int
    incumbent_milli: int
    left: int | None

    def branches(self) -> Iterator[Hindsight]:
        """Yield parts that it falls into; none where there is nothing to part it by."""
        if self.left is not None:
            yield from self._left_or_made(self.left)
            return
        differing = [
            (max(lasts) - min(lasts), -number, -at)
            for number, chain in enumerate(self.hindsight.chains)
            for at, ways in enumerate(chain.attempts[:-1])
            if len(lasts := [way.lasts_s for way in ways]) > 1
        ]
        if differing:
            _, number, at = max(differing)
            yield from self._by_way(-number, -at)

    def _left_or_made(self, number: int) -> Iterator[Hindsight]:
        chains = self.hindsight.chains
        lost_milli = self.hindsight.lost_milli + chains[number].left_milli
        yield Hindsight(chains=chains[:number] + chains[number + 1 :], lost_milli=lost_milli)
        yield self._with(number, replace(chains[number], must=True))

    def _by_way(self, number: int, at: int) -> Iterator[Hindsight]:
        """Yield the outcome with an attempt made in each of its ways."""
        chain = self.hindsight.chains[number]
        for way in chain.attempts[at]:
            attempts = (*chain.attempts[:at], (way,), *chain.attempts[at + 1 :])
            yield self._with(number, replace(chain, attempts=attempts))

    def _with(self, number: int, chain: Chain) -> Hindsight:
        chains = self.hindsight.chains
        return replace(self.hindsight, chains=(*chains[:number], chain, *chains[number + 1 :]))
