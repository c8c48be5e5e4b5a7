"""What chance deals out in one replication, in plain Python; only the hash is the simulator's."""

from __future__ import annotations

import hashlib
import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

from patchopt.model.build import key_of

if TYPE_CHECKING:
    from support.written import Crash, Time

FAILURE, DEFECT, DURATION, ROLLBACK, ROLLBACK_TIME, LATENT = range(1, 7)
LATENT_DELAY, DETECTION, DETECTION_DELAY, ALARM, CRASH, REPAIR = range(7, 13)
REVIEW, RESPIN_DELAY, RESPIN_DEFECT = range(13, 16)

Kind = Literal["node", "release"]

_NORMAL = NormalDist()
_key_of = cache(key_of)
_WORDS = 2**64
_GOLDEN = 0x9E3779B97F4A7C15


def _mix(value: int) -> int:
    """Finalise as SplitMix64 does."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % _WORDS
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB % _WORDS
    return value ^ (value >> 31)


def slow_draw(seed: int, stream: int, key: int, count: int) -> int:
    """Draw as the simulator does, in whole numbers of any size."""
    value = _mix((seed + _GOLDEN * stream) % _WORDS)
    value = _mix(value ^ key)
    return _mix((value + _GOLDEN * (count + 1)) % _WORDS) >> 11


def replication_key(luck: str, seed: int, replication: int) -> int:
    """Return the 64 bits that stand for one replication in every draw of it.

    Parameters
    ----------
    luck
        Family of the draws; scenarios of one family meet the same.
    seed, replication
        Replications of a seed are numbered from 0 on.
    """
    digest = hashlib.blake2b(luck.encode(), digest_size=8).digest()
    key = _mix(int.from_bytes(digest, "little"))
    key = _mix((key + _GOLDEN * (seed % _WORDS)) % _WORDS)
    return _mix((key + _GOLDEN * (replication + 1)) % _WORDS)


class Luck:
    """The luck of one replication.

    Parameters
    ----------
    luck
        Family of the draws, the scenario's.
    seed, replication
        Which replication of which seed.
    """

    def __init__(self, luck: str, seed: int, replication: int = 0) -> None:
        self.key = replication_key(luck, seed, replication)

    def happens(
        self, probability: float, stream: int, name: str, count: int, kind: Kind = "node"
    ) -> bool:
        """Whether something of a node or a release happens."""
        return slow_draw(self.key, stream, _key_of(kind, name), count) < probability * 2**53

    def is_defective(self, release: str, probability: float) -> bool:
        """Whether a release is defective."""
        return self.happens(probability, DEFECT, release, 0, "release")

    def lasts(self, time: Time, stream: int, name: str, count: int, kind: Kind = "node") -> int:
        """Draw how many seconds something of a node or a release lasts; lognormal."""
        return self._lognormal(time, stream, _key_of(kind, name), count)

    def review(self, time: Time, count: int) -> int:
        """Draw the seconds until the plan goes on after its so-manieth stop."""
        return self._lognormal(time, REVIEW, 0, count)

    def life(self, crash: Crash, node: str, count: int) -> int:
        """Draw the seconds that a node lives; Weibull with the mean given."""
        u = self._uniform(CRASH, _key_of("node", node), count)
        scale = crash.mtbf / math.gamma(1 + 1 / crash.shape)
        return _whole(scale * (-math.log(u)) ** (1 / crash.shape))

    def quiet(self, per_day: float, count: int) -> int:
        """Draw the seconds until the next false alarm; exponential."""
        return _whole(-math.log(self._uniform(ALARM, 0, count)) * 86_400 / per_day)

    def _lognormal(self, time: Time, stream: int, key: int, count: int) -> int:
        if time.sigma == 0:
            return time.nominal
        u = self._uniform(stream, key, count)
        return _whole(time.nominal * math.exp(time.sigma * _NORMAL.inv_cdf(u)))

    def _uniform(self, stream: int, key: int, count: int) -> float:
        return (slow_draw(self.key, stream, key, count) + 0.5) / 2**53


class NoLuck(Luck):
    """Nothing ever happens, and everything lasts as long as it should."""

    def __init__(self) -> None:
        super().__init__("none", 0)

    def happens(self, *_: object) -> bool:
        """Say no."""
        return False

    def lasts(self, time: Time, *_: object) -> int:
        """Return the nominal time."""
        return time.nominal


def _whole(seconds: float) -> int:
    return max(1, math.floor(min(seconds, 1000 * 365 * 86_400.0) + 0.5))
