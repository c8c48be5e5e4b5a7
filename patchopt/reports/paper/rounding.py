"""Numbers with as many digits as are known of them."""

from __future__ import annotations

import math
from typing import Final

#: Significant digits of the half width of an interval that are worth printing (Guide to the
#: Expression of Uncertainty in Measurement, JCGM 100, 2008, 7.2.6).
_OF_INTERVAL: Final = 2
#: No table has more decimals, however narrow its intervals are.
_MOST: Final = 6


def decimals_of(low: float, high: float) -> int | None:
    """Return the decimal place of the second digit of an interval's half width.

    Parameters
    ----------
    low, high : float
        Its limits.

    Returns
    -------
    int or None
        Below 0 for tens, hundreds and so on; None if the interval has no width or is none.

    Examples
    --------
    >>> decimals_of(428_830.0, 431_330.0), decimals_of(0.0712, 0.0786), decimals_of(1.0, 1.0)
    (-2, 4, None)
    """
    half = (high - low) / 2
    if not math.isfinite(half) or half <= 0:
        return None
    place = _OF_INTERVAL - 1 - math.floor(math.log10(half))
    # 0.0996 has its second digit elsewhere once it is rounded.
    if round(half, place) >= 10 ** (_OF_INTERVAL - place):
        place -= 1
    return min(place, _MOST)


def fixed(value: float, decimals: int) -> str:
    """Write a number with so many decimals, below 0 rounded to tens and beyond.

    Examples
    --------
    >>> fixed(430_079.6, -2), fixed(0.07491, 3), fixed(-0.0001, 2), fixed(float("nan"), 2)
    ('430100', '0.075', '0.00', '')
    """
    if math.isnan(value):
        return ""
    text = f"{round(value, decimals):.{max(decimals, 0)}f}"
    return text.removeprefix("-") if not any(c in "123456789" for c in text) else text
