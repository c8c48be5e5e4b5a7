"""The scenario as written: frozen Pydantic models of MODEL 2.

Each model checks what can be seen inside it; what needs the whole file
(unknown ids, host cycles, ...) is checked in `patchopt.model.check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator

from patchopt.model.base import Frozen
from patchopt.model.failures import (
    Defect,
    Environment,
    Latent,
    Rollback,
    RollbackOfPatch,
    VariableDuration,
    require_delay,
)
from patchopt.model.quantities import (
    AbortShare,
    Criticality,
    Duration,
    MinUp,
    PositiveDuration,
    Probability,
    Severity,
)

Identifier = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$", max_length=200)
]
#: Where a field stands: names from the top on, `*` for anything in one.
FieldPath = Annotated[str, StringConstraints(strict=True, pattern=r"^[^.\s]+(\.[^.\s]+)*$")]
Compatibility = Literal["compatible", "degraded", "incompatible"]
NodeType = Literal["host", "service_instance", "database"]
DependencyOrder = Literal["none", "strict"]

#: Beside the fields, as what is cached is: it plays no part in comparisons and files.
_SOUND = "_sound"

#: Most nodes that one entry may be replicated to.
MAX_REPLICAS = 1_000_000


class Window(Frozen):
    """One opening of a maintenance window within its period."""

    start: Duration
    """Opening, seconds after the start of the period."""
    duration: PositiveDuration
    """How long it stays open; it may reach into the next period."""


class Windows(Frozen):
    """Periodic maintenance windows; work on guarded steps stays inside one."""

    every: PositiveDuration
    """Period in seconds, counted from the start of the plan."""
    open: Annotated[tuple[Window, ...], Field(min_length=1, max_length=10_000, strict=False)]
    """The openings within one period."""

    @model_validator(mode="after")
    def _inside_the_period(self) -> Self:
        for window in self.open:
            if window.start >= self.every:
                raise ValueError(
                    f"a window starts at {window.start} s, after its period of {self.every} s; "
                    "give a start before the end of the period"
                )
            if window.duration > self.every:
                raise ValueError(
                    f"a window of {window.duration} s is longer than its period of {self.every} s; "
                    "shorten it or lengthen the period"
                )
        return self


class Constraints(Frozen):
    """What every guarded step respects, and the rules of retry and abort."""

    max_parallel: Annotated[int, Field(ge=1)] | None = None
    """Nodes worked on at once (crew); null: unlimited."""
    surge: Annotated[int, Field(ge=0)] | None = None
    """Spare slots for blue-green builds at once; null: unlimited, 0: none."""
    dependency_order: DependencyOrder = "none"
    """strict: a unit starts only after every unit that it depends on has finished: committed,
    and is past its warm-up."""
    windows: Windows | None = None
    """Maintenance windows; null: always open."""
    horizon: PositiveDuration | None = None
    """End of the observation; null: the work of all units one after another, divided by
    max_parallel (unlimited: the longest), in whole days."""
    max_retries: Annotated[int, Field(ge=0, le=1000)] = 0
    """Further attempts after a rolled-back failure."""
    abort_after_failures: Annotated[int, Field(ge=1)] | None = None
    """Bad nodes at which the plan is stopped; null: never."""
    abort_share: AbortShare | None = None
    """The plan is stopped once more than this share of the nodes that it patches with one
    release, and more than one of them, are bad; null: never."""
    step_overhead: Duration = 0
    """Orchestration latency added to every patch, build and switch step."""


class Service(Frozen):
    """A group of interchangeable instances."""

    min_up: MinUp = 0
    """Instances that must serve: a count, or a share such as "80%" (rounded up)."""


class Patch(Frozen):
    """A patch: how bad the hole is, how long the work takes, how it may fail."""

    severity: Severity
    """CVSS base score, 0 to 10, at most one decimal."""
    duration: VariableDuration
    """Duration of the work."""
    warmup: Duration = 0
    """Patched but not serving yet, after the duration."""
    restart: Annotated[bool, Field(strict=True)] = True
    """false: patched live, the node serves all the while."""
    failure_probability: Probability = 0.0
    """Probability that one attempt on one node fails."""
    rollback: RollbackOfPatch | None = None
    """Duration of a rollback; null: none, a failed node stays FAILED."""
    defect: Defect | None = None
    """Common-cause failures of a bad release."""
    latent: Latent | None = None
    """Failures that only show in service."""

    @property
    def rollback_given(self) -> Rollback | None:
        """The rollback in its long form."""
        if self.rollback is None or isinstance(self.rollback, Rollback):
            return self.rollback
        return Rollback(duration=self.rollback)

    @model_validator(mode="after")
    def _latent_failures_have_a_delay(self) -> Self:
        require_delay(self.defect, self.latent)
        return self


def _patch_kind(value: Any) -> str:
    return "<inline>" if isinstance(value, dict | Patch) else "<name>"


PatchOfNode = Annotated[
    Annotated[Identifier, Tag("<name>")] | Annotated[Patch, Tag("<inline>")],
    Discriminator(_patch_kind),
]


class Node(Frozen):
    """A host, a service instance or a database, or several alike."""

    id: Identifier
    """Name of the node; with replicas, the stem of the names."""
    replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] | None = None
    """Number of nodes id-1, id-2, ...; null: one node called id."""
    type: NodeType
    """host, service_instance or database."""
    service: Identifier | None = None
    """The service that the node is an instance of."""
    host: Identifier | None = None
    """The host that the node runs on."""
    criticality: Criticality = Field(default=1)  # type: ignore[assignment]  # validated to Decimal
    """Weight of the node, above 0, at most two decimals."""
    patch: PatchOfNode | None = None
    """Name of a patch, an inline patch, or null: nothing to patch."""
    blue_green: Annotated[bool, Field(strict=True)] = True
    """Whether a second copy can be built beside the node."""

    model_config = ConfigDict(validate_default=True)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names of the nodes that this entry stands for."""
        if self.replicas is None:
            return (self.id,)
        return tuple(f"{self.id}-{number}" for number in range(1, self.replicas + 1))


class Edge(Frozen):
    """A dependency: the source depends on the target; ends are nodes or services."""

    source: Identifier
    """The one that depends."""
    target: Identifier
    """What it depends on."""
    compatibility: Compatibility = "compatible"
    """What happens while the ends serve at different versions."""


class Scenario(Frozen):
    """A whole scenario, cross-checked: what the rest of patchopt trusts.

    Raises
    ------
    patchopt.errors.ScenarioError
        From `Scenario.checked`, with every problem at once.
    """

    version: Literal[1]
    """Version of this file format."""
    name: Identifier
    """Name of the scenario."""
    luck: Identifier | None = None
    """Family of the draws: scenarios of one luck meet the same failures; null: the name."""
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    """Seed used where a command is given none."""
    constraints: Constraints = Constraints()
    """What every guarded step respects."""
    services: dict[Identifier, Service] = Field(default_factory=dict)
    """Services by name."""
    patches: dict[Identifier, Patch] = Field(default_factory=dict)
    """Patches by name."""
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, strict=False)]
    """The infrastructure."""
    edges: Annotated[tuple[Edge, ...], Field(strict=False)] = ()
    """Dependencies."""
    environment: Environment = Environment()
    """What happens to nodes by itself."""
    facts: Annotated[tuple[FieldPath, ...], Field(strict=False)] | None = None
    """Paths of fields that are facts, such as patches.*.severity; null: it is not said."""

    @property
    def known_sound(self) -> bool:
        """Whether the whole has been checked already, as a file is when it is read."""
        return _SOUND in self.__dict__

    def as_sound(self) -> Self:
        """Return the same scenario, remembered to be checked."""
        self.__dict__[_SOUND] = True
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; one with other content has yet to be checked."""
        copied = super().model_copy(update=update, deep=deep)
        if update:
            copied.__dict__.pop(_SOUND, None)
        return copied

    def __repr__(self) -> str:
        """Return what matters on one line."""
        nodes = sum(len(node.ids) for node in self.nodes)
        return f"<Scenario {self.name}: {nodes:,} nodes, {len(self.services)} services>"

    def patch_of(self, node: Node) -> tuple[str, Patch] | None:
        """Return the release name and the patch of a node entry, or None.

        A named patch is one release; an inline one is a release of its own that
        the replicas of the entry share.
        """
        if node.patch is None:
            return None
        if isinstance(node.patch, Patch):
            return f"{node.id} (inline)", node.patch
        return node.patch, self.patches[node.patch]
