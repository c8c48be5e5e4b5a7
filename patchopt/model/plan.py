"""Plans: steps under a partial order, and how good an optimised one is (MODEL 5, 9, 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from patchopt.model.base import Frozen
from patchopt.model.expectation import Expectation
from patchopt.model.proof import Proof
from patchopt.model.quantities import from_milli

Action = Literal["patch", "build", "switch", "pause"]
Status = Literal["optimal", "feasible", "infeasible", "unknown"]


#: No instant of a plan may lie beyond this many seconds; see `quantities.MAX_DURATION_S`.
MAX_INSTANT_S = 100 * 365 * 86_400

Instant = Annotated[int, Field(ge=0, le=MAX_INSTANT_S)]
#: A number of steps, nodes or failures, far inside the integers of the arrays that take it.
Count = Annotated[int, Field(ge=0, lt=2**53)]
#: An exposure in thousandths, as exact as that of an infrastructure.
ExposureMilli = Annotated[int, Field(ge=-(2**62), le=2**62)]

#: Deepest nesting of parameters.
MAX_DEPTH = 20


def _shallow(parameters: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [parameters]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list | tuple)
        ]
        if not level:
            return parameters
    raise ValueError(f"nested deeper than {MAX_DEPTH} levels; flatten it")


Parameters = Annotated[dict[str, Any], AfterValidator(_shallow)]


class Gate(Frozen):
    """What a pause checks at its end."""

    max_failures: Count
    """More of what it counts than that so far, and the plan aborts."""
    count: Literal["bad", "attempts"] = "bad"
    """Nodes that are bad, or failed attempts, retried ones too."""


class Step(Frozen):
    """One step of a plan.

    Parameters
    ----------
    id : int
        0, 1, 2 ... in the order of the plan.
    action : str
        ``patch``, ``build``, ``switch`` or ``pause``.
    nodes : tuple of str
        Node ids; empty for a pause.
    after : tuple of int
        Steps that must have ended first.
    not_before : int
        Earliest start in seconds.
    duration : int
        Of a pause, in seconds; 0 otherwise.
    guarded : bool
        Whether it waits rather than break a constraint.
    waives : tuple of str
        Services whose min_up the guard gives up for this step.
    gate : Gate, optional
        On a pause.
    reason : str
        Why the planner put it here.
    """

    id: Count
    action: Action
    nodes: Annotated[tuple[str, ...], Field(strict=False)] = ()
    after: Annotated[tuple[Count, ...], Field(strict=False)] = ()
    not_before: Instant = 0
    duration: Instant = 0
    guarded: bool = True
    waives: Annotated[tuple[str, ...], Field(strict=False)] = ()
    gate: Gate | None = None
    reason: str = ""


#: Steps that a notebook shows of a plan, and nodes of each.
_SHOWN: Final = 40
_SHOWN_NODES: Final = 6


class Certificate(Frozen):
    """How good an optimised plan is, and how that is known.

    Parameters
    ----------
    status : str
        ``optimal``, ``feasible``, ``infeasible`` or ``unknown``.
    objective, bound : int, optional
        Milli-weight-seconds; None where the solver found none.
    gap : float, optional
        (objective - bound) / objective; 0 if both are 0.
    wall_time_s : float, optional
        Measured time to solve; None where a deterministic limit governed the solve, so
        that the same inputs give the same bytes.
    seed : int
        Of the solver.
    parameters : dict
        Of the solve.
    proof : Proof, optional
        How the bound is known.
    bound_is : str, optional
        What checking the bound once has come to, when the plan was made or read: ``shown`` by
        the proof, or ``not checked``, since only repeating a search would.
    """

    status: Status
    objective: ExposureMilli | None
    bound: ExposureMilli | None
    gap: float | None
    wall_time_s: float | None
    seed: Annotated[int, Field(ge=-(2**62), le=2**62)]
    parameters: Parameters
    proof: Proof | None = None
    bound_is: Literal["shown", "not checked"] | None = None

    @property
    def exposure(self) -> float | None:
        """The objective in weight·s; None where the solver found none."""
        return None if self.objective is None else from_milli(float(self.objective))

    @property
    def exposure_bound(self) -> float | None:
        """The bound in weight·s: no guarded plan of whole units has less; None if unknown."""
        return None if self.bound is None else from_milli(float(self.bound))

    def __repr__(self) -> str:
        """Return what matters on one line."""
        gap = "" if self.gap is None else f", gap {self.gap:.2%}"
        value = "" if self.exposure is None else f", {self.exposure:,.3f} weight·s"
        return f"<Certificate {self.status}{value}{gap}>"


class ScenarioRef(Frozen):
    """Which scenario a plan is for."""

    name: str
    """Of the scenario."""
    sha256: str
    """Its fingerprint: a plan fits no other."""


class StrategyRef(Frozen):
    """Which strategy made a plan, with which parameters."""

    name: str
    """Of the strategy."""
    parameters: Parameters = Field(default_factory=dict)
    """All of them, defaults too."""


class Plan(Frozen):
    """A list of steps, executed as a partial order, not as a timetable."""

    version: Literal[1] = 1
    """Of the file's layout."""
    scenario: ScenarioRef
    """What it is for."""
    strategy: StrategyRef
    """Who made it."""
    steps: Annotated[tuple[Step, ...], Field(strict=False)]
    """In the order of their ids."""
    certificate: Certificate | None = None
    """How good it is when nothing fails; None: nobody asked."""
    expectation: Expectation | None = None
    """How it does under failures; of the strategy `expected`."""

    @property
    def fully_guarded(self) -> bool:
        """Whether every step waits rather than break a constraint."""
        return all(step.guarded for step in self.steps)

    def __repr__(self) -> str:
        """Return what matters on one line."""
        certificate = f", {self.certificate.status}" if self.certificate else ""
        steps = f"{len(self.steps)} step" + ("" if len(self.steps) == 1 else "s")
        return f"<Plan {self.strategy.name} for {self.scenario.name}: {steps}{certificate}>"

    def _repr_markdown_(self) -> str:
        """Return the steps as a table, for notebooks."""
        lines = ["| step | action | nodes | after | reason |", "| ---: | --- | --- | --- | --- |"]
        for step in self.steps[:_SHOWN]:
            nodes = ", ".join(f"`{node}`" for node in step.nodes[:_SHOWN_NODES])
            more = len(step.nodes) - _SHOWN_NODES
            nodes += f" and {more} more" if more > 0 else ""
            after = ", ".join(map(str, step.after))
            reason = step.reason.replace("|", "¦")
            lines.append(f"| {step.id} | {step.action} | {nodes} | {after} | {reason} |")
        more = len(self.steps) - _SHOWN
        rest = f"\n\nand {more} more steps" if more > 0 else ""
        return f"**{repr(self)[1:-1]}**\n\n" + "\n".join(lines) + rest


class PlanBuilder:
    """Collects steps, numbering them as they come."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(
        self,
        action: Action,
        nodes: Sequence[str] = (),
        *,
        after: Sequence[int] = (),
        not_before: int = 0,
        duration: int = 0,
        guarded: bool = True,
        waives: Sequence[str] = (),
        gate: Gate | None = None,
        reason: str,
    ) -> int:
        """Append a step and give its id."""
        step = Step(
            id=len(self.steps),
            action=action,
            nodes=tuple(nodes),
            after=tuple(after),
            not_before=not_before,
            duration=duration,
            guarded=guarded,
            waives=tuple(waives),
            gate=gate,
            reason=reason,
        )
        self.steps.append(step)
        return step.id

    def build(self, scenario: ScenarioRef, strategy: StrategyRef) -> Plan:
        """Close the plan."""
        return Plan(scenario=scenario, strategy=strategy, steps=tuple(self.steps))


def with_certificate(plan: Plan, certificate: Certificate) -> Plan:
    """Return the same plan with a certificate."""
    return plan.model_copy(update={"certificate": certificate})
