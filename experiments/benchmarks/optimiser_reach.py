"""The table of the optimiser's benchmark: sizes, families, times, and the gaps to be reached."""

from __future__ import annotations

from dataclasses import dataclass

from patchopt.generate import FAMILIES

#: Seconds for a plan, by nodes.
TIME_S = {
    10: 10.0,
    20: 20.0,
    50: 30.0,
    200: 60.0,
    1_000: 60.0,
    10_000: 120.0,
    100_000: 300.0,
}
#: Megabytes at most, by nodes.
MEMORY_MB = {100_000: 4096.0}


@dataclass(frozen=True)
class Reach:
    """Gaps to be reached over the seeds of a row, in percent.

    Parameters
    ----------
    median, worst : float
        0: proven.
    """

    median: float
    worst: float

    def __str__(self) -> str:
        return f"{self.median:g} / {self.worst:g}%" if self.worst else "proven"

    def met(self, median: float, worst: float) -> bool:
        """Whether gaps, in percent, are small enough."""
        return median <= self.median and worst <= self.worst


PROVEN = Reach(0.0, 0.0)

_OPEN = {
    10: PROVEN,
    20: Reach(0.2, 0.4),
    50: Reach(0.1, 0.3),
    200: Reach(0.2, 0.4),
    1_000: Reach(0.2, 0.4),
    10_000: Reach(0.1, 0.3),
    100_000: Reach(0.1, 0.3),
}
_NO_BLUE_GREEN = {
    10: PROVEN,
    20: Reach(0.2, 0.4),
    50: Reach(0.1, 0.3),
    200: Reach(0.25, 0.4),
    1_000: Reach(0.4, 0.6),
    10_000: Reach(0.2, 0.5),
    100_000: Reach(0.3, 0.6),
}
_STRICT = {
    10: PROVEN,
    20: Reach(1.0, 1.5),
    50: Reach(1.0, 1.6),
    200: Reach(1.5, 2.5),
    1_000: Reach(6.0, 8.0),
}


def seeds_of(family: str) -> range:
    """Return the seeds of a family's instances: those that no parameter was chosen on.

    What came of 1020 to 1024 led to other lists for hosts and under order, what came of 1030 to
    1034 under order to lists by likely starts.
    """
    if FAMILIES[family].strict:
        return range(1040, 1045)
    return range(1030, 1035) if FAMILIES[family].guests else range(1020, 1025)


def reach_of(family: str, nodes: int) -> Reach | None:
    """Return what is to be reached; None where gaps are only stated.

    Families that are neither without blue-green nor under order are held to what the plain one is.
    """
    if family == "strict_hosts" and nodes == 200:
        return Reach(1.5, 3.5)
    if FAMILIES[family].strict:
        return _STRICT.get(nodes)
    return (_OPEN if FAMILIES[family].blue_green else _NO_BLUE_GREEN).get(nodes)


def rows() -> list[tuple[int, str]]:
    """Return the rows of the table: nodes and family."""
    return [(nodes, family) for nodes in TIME_S for family in FAMILIES]
