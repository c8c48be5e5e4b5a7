"""Kinds of draws, and when a draw makes something happen; needs no compiler."""

from __future__ import annotations

import math
from typing import Final

#: Streams keep kinds of draws apart: one more kind never changes another's luck.
STREAM_FAILURE: Final = 1
STREAM_DEFECT: Final = 2
STREAM_DURATION: Final = 3
STREAM_ROLLBACK: Final = 4
STREAM_ROLLBACK_TIME: Final = 5
STREAM_LATENT: Final = 6
STREAM_LATENT_DELAY: Final = 7
STREAM_DETECTION: Final = 8
STREAM_DETECTION_DELAY: Final = 9
STREAM_ALARM: Final = 10
STREAM_CRASH: Final = 11
STREAM_REPAIR: Final = 12
STREAM_REVIEW: Final = 13
STREAM_RESPIN_DELAY: Final = 14
STREAM_RESPIN_DEFECT: Final = 15

#: A draw is an integer from 0 up to this.
RANGE: Final = 2**53


def threshold(probability: float) -> int:
    """Return the integer below which a draw must lie to happen with some probability.

    Exact: u = k / 2**53 is below p if and only if k is below ceil(p * 2**53), and
    scaling by a power of two rounds nothing.

    Examples
    --------
    >>> threshold(0.0), threshold(0.5) == 2**52, threshold(1.0) == 2**53
    (0, True, True)
    """
    return math.ceil(probability * RANGE)
