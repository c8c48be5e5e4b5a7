"""Windows for many instants at once (MODEL 2)."""

from __future__ import annotations

import numpy as np

from patchopt.model.base import Ints
from patchopt.model.windows import FOREVER, WindowSet


def closings(instants: Ints, windows: WindowSet) -> Ints:
    """Return when the window that is open at each instant closes.

    Parameters
    ----------
    instants : ndarray of int64
        Of any shape.
    windows : WindowSet
        Closed intervals.

    Returns
    -------
    ndarray of int64
        -1 where none is open; `FOREVER` without windows.
    """
    if windows.period_s == 0:
        return np.full(instants.shape, FOREVER)
    found = np.full(instants.shape, -1, np.int64)
    for start, length in zip(windows.starts_s.tolist(), windows.lengths_s.tolist(), strict=True):
        since = (instants - start) % windows.period_s
        found = np.where(since <= length, instants - since + length, found)
    return found


def first_fits(instants: Ints, length_s: int, windows: WindowSet) -> Ints:
    """Return the first instants from some on at which work of a length fits a window.

    Parameters
    ----------
    instants : ndarray of int64
        Of any shape.
    length_s : int
        Not above the longest window.
    windows : WindowSet
        Where the work must lie.

    Returns
    -------
    ndarray of int64
    """
    if windows.period_s == 0:
        return instants
    found = np.full(instants.shape, FOREVER)
    for start, length in zip(windows.starts_s.tolist(), windows.lengths_s.tolist(), strict=True):
        if length < length_s:
            continue
        since = (instants - start) % windows.period_s
        inside = since + length_s <= length
        found = np.minimum(found, np.where(inside, instants, instants - since + windows.period_s))
    # An instant at which a window opens is inside it: nothing has passed since.
    return found
