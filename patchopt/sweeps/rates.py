"""How long things have taken, by what they are of."""

from __future__ import annotations


class Rates:
    """Mean times, of something of its own kind or, as long as none is known, of anything.

    Examples
    --------
    >>> rates = Rates()
    >>> rates.add(6.0, 3, "shop")
    >>> rates.add(10.0, 1, "farm")
    >>> rates.seconds(2, "shop"), rates.seconds(2, "mill")
    (4.0, 8.0)
    """

    def __init__(self) -> None:
        self._spent: dict[str, tuple[float, int]] = {}

    def add(self, seconds: float, count: int, *of: str) -> None:
        """Take in how long so many have taken, and of what they are."""
        for key in (*of, ""):
            spent, seen = self._spent.get(key, (0.0, 0))
            self._spent[key] = (spent + seconds, seen + count)

    def seconds(self, count: int, *of: str) -> float | None:
        """Return how long so many take, by the first kind of which any is known."""
        for key in (*of, ""):
            spent, seen = self._spent.get(key, (0.0, 0))
            if seen:
                return spent / seen * count
        return None
