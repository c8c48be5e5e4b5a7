"""What made-up instances are like: every factor, and the families of the benchmarks."""

from __future__ import annotations

from dataclasses import fields, replace
from inspect import cleandoc
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from patchopt.errors import PatchoptError, nearest
from patchopt.model.base import STRICT

#: Fewest and most of something, or shortest and longest.
Range = Annotated[tuple[int, int], Field(strict=False)]
Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
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
    slack : float, optional
        Share of a service's instances that may be down, at least one of them; none: from one to
        half of them, drawn.
    crew_per_node : float, optional
        Nodes worked on at once, of all; none: a tenth, at most 50, from 10,000 nodes on a
        hundredth.
    releases : str
        ``node``: each node's patch is a release of its own; ``service``: the instances of a
        service share one.
    durations : str
        ``mixed``: each node's own, uniform from `shortest_s` to `longest_s`; ``identical``: all
        the mean of both.
    shortest_s, longest_s : int
        Seconds.
    paired : float
        Share of nodes that an incompatible edge joins, two by two.
    blue_green : float
        Share of the instances that may be built beside, within a surge of a quarter of the crew.
    window_s : int, optional
        Length of a window that opens every day; none: always open.
    strict : bool
        Whether services are patched after those that they depend on.
    tiers : int
        Layers that services stand in under strict order.
    depends_on : float
        Services of the two layers below that a service depends on, on average.
    guests : (int, int), optional
        Fewest and most guests of a host; none: no hosts.
    rollback : float
        Length of a rollback in terms of the patch's; 0: there is none.
    retries : int
        Further attempts after one that failed and was rolled back.
    warmup_s : (int, int), optional
        Shortest and longest warm-up of a node; none: 0.
    overhead_s : (int, int), optional
        Shortest and longest step overhead; none: 0.
    """

    family: str
    nodes: Annotated[int, Field(ge=2, le=2_000_000)]
    replicas: Range = (2, 8)
    slack: Annotated[float, Field(gt=0, lt=1)] | None = None
    crew_per_node: Annotated[float, Field(gt=0, le=1)] | None = None
    releases: Literal["node", "service"] = "node"
    durations: Literal["mixed", "identical"] = "mixed"
    shortest_s: Annotated[int, Field(ge=1)] = 60
    longest_s: Annotated[int, Field(ge=1)] = 1800
    paired: Share = 0.15
    blue_green: Share = 1.0
    window_s: Annotated[int, Field(ge=1, le=86_400)] | None = None
    strict: bool = False
    tiers: Annotated[int, Field(ge=2)] = 5
    depends_on: Annotated[float, Field(ge=0, le=20)] = 1.5
    guests: Range | None = None
    rollback: Annotated[float, Field(ge=0, le=100)] = 0.0
    retries: Annotated[int, Field(ge=0, le=1000)] = 0
    warmup_s: Range | None = None
    overhead_s: Range | None = None

    @model_validator(mode="after")
    def _ranges_are_in_order(self) -> Self:
        least = {"replicas": 1, "guests": 1, "warmup_s": 0, "overhead_s": 0}
        ranges = {name: getattr(self, name) for name in least}
        ranges["shortest_s, longest_s"] = (self.shortest_s, self.longest_s)
        for name, given in ranges.items():
            if given is not None and not least.get(name, 1) <= given[0] <= given[1]:
                raise ValueError(f"{name}: {given[0]} to {given[1]} is no range")
        return self

    @property
    def crew(self) -> int:
        """Nodes worked on at once."""
        if self.crew_per_node is not None:
            return max(1, round(self.crew_per_node * self.nodes))
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
        replace(_PLAIN, family="no_blue_green", blue_green=0.0),
        replace(_PLAIN, family="windows", window_s=_WINDOW_S),
        replace(_PLAIN, family="hosts", guests=_GUESTS),
        replace(_PLAIN, family="strict", strict=True),
        replace(_PLAIN, family="strict_windows", strict=True, window_s=_WINDOW_S),
        replace(_PLAIN, family="strict_hosts", strict=True, guests=_GUESTS),
        replace(_PLAIN, family="warm_up", warmup_s=(10, 300), overhead_s=(5, 60)),
    )
}


#: Names of the factors that a family may be changed in.
FACTORS: Final = tuple(
    field.name for field in fields(Factors) if field.name not in ("family", "nodes")
)


def factors_of(family: str, nodes: int, **other: Any) -> Factors:
    """Return the factors of a family at a size.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    nodes : int
        At least 2.
    **other
        Factors that differ from the family's.

    Raises
    ------
    PatchoptError
        If there is no such family or factor, or a value will not do.

    Examples
    --------
    >>> factors = factors_of("windows", 200, slack=0.3)
    >>> factors.crew, factors.surge, factors.window_s, factors.slack
    (20, 5, 14400, 0.3)
    """
    if family not in FAMILIES:
        raise PatchoptError(
            f"family '{family}' is unknown", place="family", remedy=nearest(family, FAMILIES)
        )
    for name in other:
        if name not in FACTORS:
            raise PatchoptError(
                f"factor '{name}' is unknown", place="factors", remedy=nearest(name, FACTORS)
            )
    try:
        return replace(FAMILIES[family], nodes=nodes, **other)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "factors"
        message = str(first["msg"]).removeprefix("Value error, ")
        message = message.replace("Input should be", "it should be")
        raise PatchoptError(message, place=place, remedy="see `patchopt list factors`") from None


def own_factors(factors: Factors) -> dict[str, Any]:
    """Return the factors in which one differs from its family."""
    family = FAMILIES[factors.family]
    return {
        name: getattr(factors, name)
        for name in FACTORS
        if getattr(factors, name) != getattr(family, name)
    }


def meanings() -> dict[str, str]:
    """Return what each factor means, in the words of `Factors`.

    Examples
    --------
    >>> meanings()["tiers"]
    'Layers that services stand in under strict order.'
    """
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in cleandoc(Factors.__doc__ or "").splitlines():
        if line[:1].isalpha() and " : " in line:
            names = line.partition(" : ")[0].split(", ")
            found |= {name: [] for name in names}
        elif line.startswith("    "):
            for name in names:
                found[name].append(line.strip())
    return {name: " ".join(lines).replace("`", "") for name, lines in found.items()}
