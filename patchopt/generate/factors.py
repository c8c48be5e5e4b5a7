"""What made-up instances are like: every factor, and the families of the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from patchopt.errors import PatchoptError


@dataclass(frozen=True, kw_only=True)
class Factors:
    """All that an instance is drawn from, its seed apart.

    Parameters
    ----------
    family : str
        What it is called.
    nodes : int
        How many, hosts among them.
    replicas : (int, int)
        Fewest and most instances of a service.
    durations : str
        ``mixed``: each node's own, uniform from `shortest_s` to `longest_s`; ``identical``: all
        the mean of both.
    shortest_s, longest_s : int
        Seconds.
    paired : float
        Share of nodes that an incompatible edge joins, two by two.
    blue_green : bool
        Whether instances may be built beside, within a surge of a quarter of the crew.
    window_s : int, optional
        Length of a window that opens every day; none: always open.
    strict : bool
        Whether services are patched after those that they depend on.
    depends_on : float
        Services below that a service depends on, on average.
    guests : (int, int), optional
        Fewest and most guests of a host; none: no hosts.
    warmup_s, overhead_s : (int, int), optional
        Shortest and longest warm-up of a node, and step overhead; none: 0.
    """

    family: str
    nodes: int
    replicas: tuple[int, int] = (2, 8)
    durations: Literal["mixed", "identical"] = "mixed"
    shortest_s: int = 60
    longest_s: int = 1800
    paired: float = 0.15
    blue_green: bool = True
    window_s: int | None = None
    strict: bool = False
    depends_on: float = 1.5
    guests: tuple[int, int] | None = None
    warmup_s: tuple[int, int] | None = None
    overhead_s: tuple[int, int] | None = None

    @property
    def crew(self) -> int:
        """A tenth of the nodes, at most 50; from 10,000 nodes on a hundredth."""
        if self.nodes >= 10_000:
            return self.nodes // 100
        return min(50, max(2, self.nodes // 10))

    @property
    def surge(self) -> int:
        """A quarter of the crew."""
        return max(2, self.crew // 4)


_PLAIN: Final = Factors(family="plain", nodes=2)
_WINDOW_S: Final = 4 * 3600
_GUESTS: Final = (4, 10)

#: The families, each with the nodes of nobody: `factors_of` gives it a size.
FAMILIES: Final = {
    factors.family: factors
    for factors in (
        _PLAIN,
        replace(_PLAIN, family="identical", durations="identical"),
        replace(_PLAIN, family="no_blue_green", blue_green=False),
        replace(_PLAIN, family="windows", window_s=_WINDOW_S),
        replace(_PLAIN, family="hosts", guests=_GUESTS),
        replace(_PLAIN, family="strict", strict=True),
        replace(_PLAIN, family="strict_windows", strict=True, window_s=_WINDOW_S),
        replace(_PLAIN, family="strict_hosts", strict=True, guests=_GUESTS),
        replace(_PLAIN, family="warm_up", warmup_s=(10, 300), overhead_s=(5, 60)),
    )
}


def factors_of(family: str, nodes: int) -> Factors:
    """Return the factors of a family at a size.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    nodes : int
        At least 2.

    Raises
    ------
    PatchoptError
        If there is no such family, or nothing to make it of.

    Examples
    --------
    >>> factors = factors_of("windows", 200)
    >>> factors.crew, factors.surge, factors.window_s
    (20, 5, 14400)
    """
    if family not in FAMILIES:
        raise PatchoptError(f"family {family!r}: unknown; one of {', '.join(FAMILIES)}")
    if nodes < 2:
        raise PatchoptError(f"nodes {nodes}: give at least 2")
    return replace(FAMILIES[family], nodes=nodes)
