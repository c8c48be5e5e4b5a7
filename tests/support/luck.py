"""What chance deals out on one seed, in plain Python; only the hash is that of the simulator."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from patchopt.model.build import key_of
from support.building import slow_draw

if TYPE_CHECKING:
    from support.written import Crash, Time

FAILURE, DEFECT, DURATION, ROLLBACK, ROLLBACK_TIME, LATENT = range(1, 7)
LATENT_DELAY, DETECTION, DETECTION_DELAY, ALARM, CRASH, REPAIR = range(7, 13)

_NORMAL = NormalDist()
_key_of = cache(key_of)


class Luck:
    """The luck of one replication.

    Parameters
    ----------
    seed
        Of the replication.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def happens(self, probability: float, stream: int, node: str, count: int) -> bool:
        """Whether something of a node happens."""
        return slow_draw(self.seed, stream, _key_of("node", node), count) < probability * 2**53

    def is_defective(self, release: str, probability: float) -> bool:
        """Whether a release is defective."""
        return slow_draw(self.seed, DEFECT, _key_of("release", release), 0) < probability * 2**53

    def lasts(self, time: Time, stream: int, node: str, count: int) -> int:
        """Draw how many seconds something of a node lasts; lognormal."""
        if time.sigma == 0:
            return time.nominal
        u = self._uniform(stream, _key_of("node", node), count)
        return _whole(time.nominal * math.exp(time.sigma * _NORMAL.inv_cdf(u)))

    def life(self, crash: Crash, node: str, count: int) -> int:
        """Draw the seconds that a node lives; Weibull with the mean given."""
        u = self._uniform(CRASH, _key_of("node", node), count)
        scale = crash.mtbf / math.gamma(1 + 1 / crash.shape)
        return _whole(scale * (-math.log(u)) ** (1 / crash.shape))

    def quiet(self, per_day: float, count: int) -> int:
        """Draw the seconds until the next false alarm; exponential."""
        return _whole(-math.log(self._uniform(ALARM, 0, count)) * 86_400 / per_day)

    def _uniform(self, stream: int, key: int, count: int) -> float:
        return (slow_draw(self.seed, stream, key, count) + 0.5) / 2**53


def _whole(seconds: float) -> int:
    return max(1, math.floor(min(seconds, 1000 * 365 * 86_400.0) + 0.5))
