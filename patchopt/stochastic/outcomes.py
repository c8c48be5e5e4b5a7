"""What becomes of every unit in a replication, read from its draws without simulating it.

Draws are keyed by replication, node and attempt, never by what a plan does (MODEL 10), so that
all that can happen to a unit is known before anything is planned: the outcome ω of MODEL 12.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from patchopt.model.infrastructure import Infrastructure
from patchopt.simulator.loop.draws import draw, lognormal
from patchopt.simulator.loop.streams import (
    STREAM_DEFECT,
    STREAM_DETECTION,
    STREAM_DETECTION_DELAY,
    STREAM_DURATION,
    STREAM_FAILURE,
    STREAM_LATENT,
    STREAM_LATENT_DELAY,
    STREAM_RESPIN_DELAY,
    STREAM_REVIEW,
    STREAM_ROLLBACK,
    STREAM_ROLLBACK_TIME,
    threshold,
)

#: Reviews that one unit waits for at most, as far as is looked.
_MOST_REVIEWS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failed attempt on a unit.

    Parameters
    ----------
    duration_s : int
        Of the longest of its members, until it fails.
    rollback_s : int, optional
        Of the longest of its members; none where an attempt in place has lost one of them: it
        has no rollback, or that fails in turn. A failed build loses nobody.
    """

    duration_s: int
    rollback_s: int | None


@dataclass(frozen=True, kw_only=True)
class LatentFailure:
    """A node that turns out bad in service and is detected.

    Parameters
    ----------
    weight_milli : int
        Of the node.
    after_s : int, optional
        From its commit until it is old again, if nothing holds its rollback up; none if it has no
        rollback.
    """

    weight_milli: int
    after_s: int | None


@dataclass(frozen=True, kw_only=True)
class UnitOutcome:
    """What becomes of a unit, whenever and however it is worked on.

    Parameters
    ----------
    failures : tuple of Failure
        Attempts before the first success, or all that may be made.
    duration_s : int, optional
        Of the first success; none if there is none among the attempts that may be made.
    latent : tuple of LatentFailure
        What comes of that success.
    otherwise_s : int, optional
        Before that it does not commit otherwise than by those attempts; none where it never does.
        What else there may be comes of stops that end (MODEL 13).
    """

    failures: tuple[Failure, ...]
    duration_s: int | None
    latent: tuple[LatentFailure, ...] = ()
    otherwise_s: int | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing at all goes wrong with it."""
        return not self.failures and not self.latent


#: Nodes of a unit.
Members = tuple[int, ...]
#: What a replication holds for all units, one each.
Outcome = tuple[UnitOutcome, ...]


class Oracle:
    """Tells the outcomes of replications.

    Parameters
    ----------
    infrastructure : Infrastructure
        Whose units.
    """

    def __init__(self, infrastructure: Infrastructure) -> None:
        self._infrastructure = infrastructure
        units = infrastructure.units
        self._members = [units.members(unit) for unit in range(len(units))]
        nodes, releases = infrastructure.nodes, infrastructure.releases
        self._key, self._release = nodes.key.tolist(), nodes.release.tolist()
        self._duration = list(zip(nodes.duration_s.tolist(), nodes.duration_sigma, strict=True))
        self._rollback = list(zip(nodes.rollback_s.tolist(), nodes.rollback_sigma, strict=True))
        self._delay = list(zip(nodes.latent_delay_s.tolist(), nodes.latent_sigma, strict=True))
        self._rollback_luck = list(map(threshold, nodes.rollback_failure_probability))
        # Of a node by itself, and if its release is defective.
        by_release = releases.defect_failure_probability, releases.defect_latent_probability
        self._failure_luck, self._latent_luck = (
            [
                (threshold(own), threshold(bad[release]) if release >= 0 else 0)
                for own, release in zip(probability, self._release, strict=True)
            ]
            for probability, bad in zip(
                (nodes.failure_probability, nodes.latent_probability), by_release, strict=True
            )
        )
        self._release_key = releases.key.tolist()
        self._defect_luck = list(map(threshold, releases.defect_probability))

    def outcome(self, key: np.uint64, defects: Collection[int] | None = None) -> Outcome:
        """Tell the outcome of one replication.

        Parameters
        ----------
        key : uint64
            Of its draws (`patchopt.simulator.loop.streams.replication_keys`).
        defects : collection of int, optional
            Releases that are defective, where that is dealt out and not drawn.

        Returns
        -------
        tuple of UnitOutcome
            One a unit. O(nodes x attempts).
        """
        defective = [
            _happens(key, STREAM_DEFECT, of_release, 0, luck)
            if defects is None
            else release in defects
            for release, (of_release, luck) in enumerate(
                zip(self._release_key, self._defect_luck, strict=True)
            )
        ]
        units = tuple(self._of_unit(key, members, defective) for members in self._members)
        around = self._infrastructure.surroundings
        stops = around.alarms_per_day > 0 or around.crash_mtbf_s >= 0
        if not stops and all(unit.sound for unit in units):
            return units  # no gate and no budget has anything to count
        return tuple(
            replace(unit, otherwise_s=self._otherwise_s(key, members, defective, unit))
            for unit, members in zip(units, self._members, strict=True)
        )

    def _otherwise_s(
        self, seed: np.uint64, members: Members, defective: list[bool], unit: UnitOutcome
    ) -> int | None:
        """Return when a unit may have further attempts, or others than it would have had.

        After a review each bad unit has one attempt more, after a respin all have as many as at
        first, those of the new release with new luck.
        """
        around, horizon_s = self._infrastructure.surroundings, self._infrastructure.limits.horizon_s
        lost = around.repair_s >= 0 and any(one.rollback_s is None for one in unit.failures)
        stuck = unit.duration_s is None or lost
        own = {self._release[node] for node in members if defective[self._release[node]]}
        ways = [horizon_s]
        if around.respin_s >= 0:
            doubtful = [release for release, bad in enumerate(defective) if bad] if stuck else own
            ways += [self._respin_s(seed, release) for release in doubtful]
        if around.review_s >= 0 and stuck:
            more = 1 if lost else self._further(seed, members, defective)
            ways.append(self._reviews_s(seed, more))
        first_s = min(ways)
        return first_s if first_s < horizon_s else None

    def _further(self, seed: np.uint64, members: Members, defective: list[bool]) -> int:
        """Return how many further attempts a unit takes until one is good, at most a hundred."""
        first = self._infrastructure.limits.max_retries + 2
        for more in range(_MOST_REVIEWS):
            if not self._fails(seed, members, defective, first + more):
                return more + 1
        return _MOST_REVIEWS

    def _reviews_s(self, seed: np.uint64, count: int) -> int:
        around, horizon_s = self._infrastructure.surroundings, self._infrastructure.limits.horizon_s
        total_s = 0
        for number in range(1, count + 1):
            total_s += _time(seed, STREAM_REVIEW, 0, number, around.review_s, around.review_sigma)
            if total_s >= horizon_s:
                break
        return total_s

    def _respin_s(self, seed: np.uint64, release: int) -> int:
        around, key = self._infrastructure.surroundings, self._release_key[release]
        return _time(seed, STREAM_RESPIN_DELAY, key, 1, around.respin_s, around.respin_sigma)

    def _fails(
        self, seed: np.uint64, members: Members, defective: list[bool], attempt: int
    ) -> bool:
        return any(
            _happens(
                seed,
                STREAM_FAILURE,
                self._key[node],
                attempt,
                self._failure_luck[node][defective[self._release[node]]],
            )
            for node in members
        )

    def _of_unit(self, seed: np.uint64, members: Members, defective: list[bool]) -> UnitOutcome:
        failures: list[Failure] = []
        for attempt in range(1, self._infrastructure.limits.max_retries + 2):
            duration_s = max(
                _time(seed, STREAM_DURATION, self._key[node], attempt, *self._duration[node])
                for node in members
            )
            if not self._fails(seed, members, defective, attempt):
                latent = tuple(self._latent(seed, members, defective, attempt))
                return UnitOutcome(failures=tuple(failures), duration_s=duration_s, latent=latent)
            rollback_s = self._rolled_back(seed, members, attempt)
            failures.append(Failure(duration_s=duration_s, rollback_s=rollback_s))
        return UnitOutcome(failures=tuple(failures), duration_s=None)

    def _rolled_back(self, seed: np.uint64, members: Members, attempt: int) -> int | None:
        """Return how long it takes until all members are back, if ever."""
        longest = 0
        for node in members:
            key, (nominal_s, sigma) = self._key[node], self._rollback[node]
            luck = self._rollback_luck[node]
            if nominal_s < 0 or _happens(seed, STREAM_ROLLBACK, key, attempt, luck):
                return None
            lasts = _time(seed, STREAM_ROLLBACK_TIME, key, attempt, nominal_s, sigma)
            longest = max(longest, lasts)
        return longest

    def _latent(
        self, seed: np.uint64, members: Members, defective: list[bool], attempt: int
    ) -> Iterator[LatentFailure]:
        around, nodes = self._infrastructure.surroundings, self._infrastructure.nodes
        # Detected members take the new ones that can go back along: who is last ends it.
        rollback_s = max(
            (
                _time(seed, STREAM_ROLLBACK_TIME, self._key[node], attempt, *self._rollback[node])
                for node in members
                if self._rollback[node][0] >= 0
            ),
            default=0,
        )
        detection_luck = threshold(around.detection_probability)
        for node in members:
            key, luck = self._key[node], self._latent_luck[node][defective[self._release[node]]]
            if _happens(seed, STREAM_LATENT, key, attempt, luck) and _happens(
                seed, STREAM_DETECTION, key, attempt, detection_luck
            ):
                shows_s = _time(seed, STREAM_LATENT_DELAY, key, attempt, *self._delay[node])
                detected_s = _time(
                    seed,
                    STREAM_DETECTION_DELAY,
                    key,
                    attempt,
                    around.detection_delay_s,
                    around.detection_sigma,
                )
                goes_back = self._rollback[node][0] >= 0
                yield LatentFailure(
                    weight_milli=int(nodes.weight_milli[node]),
                    after_s=shows_s + detected_s + rollback_s if goes_back else None,
                )


def _happens(seed: np.uint64, stream: int, key: int, count: int, luck: int) -> bool:
    return bool(luck > 0 and draw(seed, stream, key, count) < luck)  # type: ignore[arg-type]  # NumPy integer


def _time(seed: np.uint64, stream: int, key: int, count: int, median_s: int, sigma: float) -> int:
    if sigma == 0:
        return median_s
    return int(lognormal(seed, stream, key, count, median_s, float(sigma)))  # type: ignore[arg-type]  # NumPy integer
