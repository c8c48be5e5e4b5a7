"""What becomes of every unit in a replication, read from its draws without simulating it.

Draws are keyed by replication, node and attempt, never by what a plan does (MODEL 10), so that
all that can happen to a unit is known before anything is planned: the outcome ω of MODEL 12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    """

    failures: tuple[Failure, ...]
    duration_s: int | None
    latent: tuple[LatentFailure, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing at all goes wrong with it."""
        return not self.failures and not self.latent


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a replication holds for all units.

    Parameters
    ----------
    units : tuple of UnitOutcome
        One each.
    resumes_s : int, optional
        No plan that has stopped goes on before; none where none does.
    """

    units: tuple[UnitOutcome, ...]
    resumes_s: int | None = None


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
        self._members = [
            units.idx[begin:end].tolist()
            for begin, end in zip(units.ptr[:-1], units.ptr[1:], strict=True)
        ]
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
        self._defect_luck = list(map(threshold, releases.defect_probability))

    def outcome(self, key: np.uint64) -> Outcome:
        """Tell the outcome of one replication.

        Parameters
        ----------
        key : uint64
            Of its draws (`patchopt.simulator.loop.streams.replication_keys`).

        Returns
        -------
        Outcome
            O(nodes x attempts).
        """
        releases = zip(self._infrastructure.releases.key.tolist(), self._defect_luck, strict=True)
        seed = int(key)
        defective = [
            luck > 0 and _draw(seed, STREAM_DEFECT, of_release, 0) < luck
            for of_release, luck in releases
        ]
        units = tuple(self._of_unit(seed, members, defective) for members in self._members)
        return Outcome(units=units, resumes_s=self._resumes_s(seed, units, defective))

    def _resumes_s(
        self, seed: int, units: tuple[UnitOutcome, ...], defective: list[bool]
    ) -> int | None:
        """Return the shortest delay after which a plan that has stopped may go on (MODEL 13)."""
        around, horizon_s = self._infrastructure.surroundings, self._infrastructure.limits.horizon_s
        restless = around.alarms_per_day > 0 or around.crash_mtbf_s >= 0
        if not restless and all(unit.sound for unit in units):
            return None  # no gate and no budget has anything to count
        delays = []
        if around.review_s >= 0:
            delays.append(_time(seed, STREAM_REVIEW, 0, 1, around.review_s, around.review_sigma))
        if around.respin_s >= 0:
            keys = self._infrastructure.releases.key.tolist()
            delays += [
                _time(seed, STREAM_RESPIN_DELAY, key, 1, around.respin_s, around.respin_sigma)
                for key, bad in zip(keys, defective, strict=True)
                if bad
            ]
        first_s = min(delays, default=horizon_s)
        return first_s if first_s < horizon_s else None

    def _of_unit(self, seed: int, members: list[int], defective: list[bool]) -> UnitOutcome:
        failures: list[Failure] = []
        for attempt in range(1, self._infrastructure.limits.max_retries + 2):
            duration_s = max(
                _time(seed, STREAM_DURATION, self._key[node], attempt, *self._duration[node])
                for node in members
            )
            if not any(
                _happens(
                    seed,
                    STREAM_FAILURE,
                    self._key[node],
                    attempt,
                    self._failure_luck[node][defective[self._release[node]]],
                )
                for node in members
            ):
                latent = tuple(self._latent(seed, members, defective, attempt))
                return UnitOutcome(failures=tuple(failures), duration_s=duration_s, latent=latent)
            rollback_s = self._rolled_back(seed, members, attempt)
            failures.append(Failure(duration_s=duration_s, rollback_s=rollback_s))
        return UnitOutcome(failures=tuple(failures), duration_s=None)

    def _rolled_back(self, seed: int, members: list[int], attempt: int) -> int | None:
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
        self, seed: int, members: list[int], defective: list[bool], attempt: int
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


def _draw(seed: int, stream: int, key: int, count: int) -> int:
    # Compiled code takes a key as what it is; plain code reckons with it too.
    return int(draw(np.uint64(seed), stream, key, count))  # type: ignore[arg-type]  # NumPy integer


def _happens(seed: int, stream: int, key: int, count: int, luck: int) -> bool:
    return luck > 0 and _draw(seed, stream, key, count) < luck


def _time(seed: int, stream: int, key: int, count: int, median_s: int, sigma: float) -> int:
    if sigma == 0:
        return median_s
    drawn = lognormal(np.uint64(seed), stream, key, count, median_s, float(sigma))  # type: ignore[arg-type]  # NumPy integer
    return int(drawn)
