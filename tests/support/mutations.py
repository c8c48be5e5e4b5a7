"""Ways to make a certified plan false, and ways to change it that leave it true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from patchopt.generate import factors_of, instance
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import items_of
from patchopt.model.plan import Certificate, Plan, ScenarioRef
from patchopt.model.proof import Claim, Proof
from patchopt.model.scenario import Scenario
from patchopt.strategies.base import make_strategy
from patchopt.verify.bound import Case, recomputed_bound_milli
from patchopt.verify.execution import execute
from support.prices import fluid_prices

#: What certified plans are made for.
SUBJECTS = (
    "plain",
    "no_blue_green",
    "windows",
    "hosts",
    "strict",
    "warm_up",
    "forced",  # one service cannot spare anything, and nothing can be built
    "built",  # one service cannot spare anything
)


@dataclass(frozen=True)
class Subject:
    """A plan with the scenario that it is for."""

    scenario: Scenario
    plan: Plan

    @property
    def infrastructure(self) -> Infrastructure:
        return build_infrastructure(self.scenario)

    @property
    def certificate(self) -> Certificate:
        assert self.plan.certificate is not None
        return self.plan.certificate

    @property
    def proof(self) -> Proof:
        assert self.certificate.proof is not None
        return self.certificate.proof

    def saying(self, **changes: Any) -> Subject:
        """Change what the certificate says; the gap follows unless it is told."""
        made = self.certificate.model_copy(update=changes)
        if "gap" not in changes and made.objective and made.bound is not None:
            gap = (made.objective - made.bound) / made.objective
            made = made.model_copy(update={"gap": gap})
        return replace(self, plan=self.plan.model_copy(update={"certificate": made}))

    def proving(self, **changes: Any) -> Subject:
        """Change the proof."""
        return self.saying(proof=self.proof.model_copy(update=changes))

    def priced(self, rates: Callable[[int], int]) -> Subject:
        """Change every rate of the crew."""
        runs = tuple((cell, rates(rate)) for cell, rate in self.proof.prices["crew"])
        return self.proving(prices={"crew": runs})

    def doing(self, number: int, **changes: Any) -> Subject:
        """Change a step."""
        steps = list(self.plan.steps)
        steps[number] = steps[number].model_copy(update=changes)
        return replace(self, plan=self.plan.model_copy(update={"steps": tuple(steps)}))

    def planned_for(self, **changes: Any) -> Subject:
        """Change the scenario, and let the plan say that it is for that one."""
        document = self.scenario.model_dump(mode="json", by_alias=True) | changes
        scenario = Scenario.model_validate(document, strict=False)
        about = ScenarioRef(name=scenario.name, sha256=build_infrastructure(scenario).sha256)
        return Subject(scenario, self.plan.model_copy(update={"scenario": about}))

    def constrained(self, **changes: Any) -> Subject:
        """Change constraints of the scenario."""
        constraints = self.scenario.constraints.model_dump(mode="json")
        return self.planned_for(constraints=constraints | changes)


def subject(kind: str) -> Subject:
    """Return a greedy plan with prices of the crew, which show its bound exactly."""
    family = {"forced": "no_blue_green", "built": "plain"}.get(kind, kind)
    scenario = instance(factors_of(family, 40), seed=3)
    if kind in ("forced", "built"):
        document = scenario.model_dump(mode="json")
        first = next(iter(document["services"]))
        count = sum(node["service"] == first for node in document["nodes"])
        document["services"][first] = {"min_up": count}
        scenario = Scenario.model_validate(document, strict=False)
    infrastructure = build_infrastructure(scenario)
    plan = make_strategy("exposure_greedy").plan(infrastructure)
    case = Case(infrastructure, items_of(infrastructure))
    proofs = [_scaled(fluid_prices(case), share) for share in (8, 6, 4, 3, 2)]
    proof = max(proofs, key=lambda proof: recomputed_bound_milli(case, proof))
    objective = execute(plan, infrastructure).exposure_milli
    bound = recomputed_bound_milli(case, proof)
    certificate = Certificate(
        status="feasible",
        objective=objective,
        bound=bound,
        gap=(objective - bound) / objective,
        wall_time_s=None,
        seed=0,
        parameters={"respect_units": True, "on_infeasible": "downtime"},
        proof=proof,
    )
    return Subject(scenario, plan.model_copy(update={"certificate": certificate}))


def _scaled(proof: Proof, eighths: int) -> Proof:
    runs = tuple((cell, rate * eighths // 8) for cell, rate in proof.prices["crew"])
    return proof.model_copy(update={"prices": {"crew": runs}})


Mutation = Callable[[Subject], Subject | None]


def _objective(by: int) -> Mutation:
    return lambda it: it.saying(objective=(it.certificate.objective or 0) + by)


def _bound(by: int) -> Mutation:
    return lambda it: it.saying(bound=(it.certificate.bound or 0) + by)


def _cells(change: Callable[[list[tuple[int, int]]], list[tuple[int, int]]]) -> Mutation:
    return lambda it: it.proving(cells=tuple(change(list(it.proof.cells))))


def _without_a_waive(it: Subject) -> Subject | None:
    waiving = [step.id for step in it.plan.steps if step.waives]
    return it.doing(waiving[0], waives=()) if waiving else None


def _with_a_waive(it: Subject) -> Subject | None:
    infrastructure = it.infrastructure
    step = next(step for step in it.plan.steps if step.action == "patch" and not step.waives)
    return it.doing(step.id, waives=(infrastructure.services.names[-1],))


def _without_the_last(it: Subject) -> Subject:
    last = it.plan.steps[-1].nodes
    kept = [step for step in it.plan.steps if step.nodes != last]
    number = {step.id: at for at, step in enumerate(kept)}
    steps = tuple(
        step.model_copy(
            update={"id": number[step.id], "after": tuple(number[b] for b in step.after)}
        )
        for step in kept
    )
    return replace(it, plan=it.plan.model_copy(update={"steps": steps}))


def _exchanged(it: Subject) -> Subject:
    """Let two units of different length or weight change places."""
    units = it.infrastructure
    first = next(step for step in it.plan.steps if step.action == "patch" and len(step.nodes) == 1)

    def known(name: str) -> tuple[int, int]:
        node = units.nodes.index[name]
        return int(units.nodes.duration_s[node]), int(units.nodes.weight_milli[node])

    other = next(
        step
        for step in reversed(it.plan.steps)
        if step.action == "patch"
        and len(step.nodes) == 1
        and known(step.nodes[0])[0] != known(first.nodes[0])[0]
        and known(step.nodes[0])[1] != known(first.nodes[0])[1]
    )
    return it.doing(first.id, nodes=other.nodes).doing(other.id, nodes=first.nodes)


def _built_beyond_surge(it: Subject) -> Subject | None:
    """Build beside, at once, one unit more than there are slots for."""
    infrastructure = it.infrastructure
    surge, blue_green = infrastructure.limits.surge, infrastructure.nodes.blue_green
    steps = list(it.plan.steps)
    for step in it.plan.steps:
        can = all(blue_green[infrastructure.nodes.index[name]] for name in step.nodes)
        if step.action == "patch" and can and len(step.nodes) <= surge:
            steps[step.id] = step.model_copy(update={"action": "build", "after": ()})
            switch = step.model_copy(
                update={"id": len(steps), "action": "switch", "after": (step.id,), "waives": ()}
            )
            steps.append(switch)
    if sum(step.action == "switch" for step in steps) <= surge:
        return None
    return replace(it, plan=it.plan.model_copy(update={"steps": tuple(steps)}))


def _in_place_instead(it: Subject) -> Subject | None:
    """Work in place, waiving all, on what need only be built."""
    items = {item.nodes: item for item in items_of(it.infrastructure).placed}
    index, names = it.infrastructure.nodes.index, it.infrastructure.services.names
    for step in it.plan.steps:
        nodes = tuple(sorted(index[name] for name in step.nodes))
        if step.action == "build" and not items[nodes].in_place:
            changed = it.doing(step.id, action="patch", waives=names)
            switch = next(
                s.id for s in it.plan.steps if s.action == "switch" and s.nodes == step.nodes
            )
            return changed.doing(switch, action="pause", nodes=())
    return None


def _torn(it: Subject) -> Subject | None:
    for step in it.plan.steps:
        if step.action == "patch" and len(step.nodes) > 1:
            first = it.doing(step.id, nodes=step.nodes[:1])
            rest = step.model_copy(
                update={"id": len(it.plan.steps), "nodes": step.nodes[1:], "after": (step.id,)}
            )
            steps = (*first.plan.steps, rest)
            return replace(it, plan=it.plan.model_copy(update={"steps": steps}))
    return None


def _unguarded(it: Subject) -> Subject | None:
    """Start everything at once."""
    steps = tuple(
        step.model_copy(
            update={"guarded": False, "after": () if step.action == "patch" else step.after}
        )
        for step in it.plan.steps
    )
    return replace(it, plan=it.plan.model_copy(update={"steps": steps}))


def _crew_less(it: Subject) -> Subject:
    return it.constrained(max_parallel=it.infrastructure.limits.max_parallel - 1)


def _surge_less(it: Subject) -> Subject | None:
    if not any(step.action == "build" for step in it.plan.steps):
        return None
    return it.constrained(surge=0)


def _min_up_more(it: Subject) -> Subject:
    """Let every service spare one instance less, if it can."""
    services = it.scenario.model_dump(mode="json")["services"]
    counts = dict(
        zip(
            it.infrastructure.services.names,
            it.infrastructure.services.instances.tolist(),
            strict=True,
        )
    )
    return it.planned_for(services={name: {"min_up": counts[name]} for name in services})


def _nodes(change: Callable[[dict[str, Any]], None]) -> Mutation:
    def mutate(it: Subject) -> Subject:
        nodes = it.scenario.model_dump(mode="json")["nodes"]
        for node in nodes:
            change(node)
        return it.planned_for(nodes=nodes)

    return mutate


def _ordered(it: Subject) -> Subject:
    """Let what is patched first depend on what is patched last."""
    first, last = it.plan.steps[0].nodes[0], it.plan.steps[-1].nodes[0]
    edges = [*it.scenario.model_dump(mode="json")["edges"], {"source": first, "target": last}]
    return it.planned_for(edges=edges).constrained(dependency_order="strict")


def _shut(it: Subject) -> Subject:
    """Shut the window before the first step could end."""
    longest = int(it.infrastructure.units.length_s.max())
    return it.constrained(windows={"every": 86_400, "open": [{"start": 60, "duration": longest}]})


def _claimed(it: Subject) -> Subject:
    """Claim what would raise the bound, and raise it."""
    group = min(name for name in it.infrastructure.nodes.ids)
    claims = (Claim(kind="head", group=group, value_s=10**6),)
    return it.proving(claims=claims).saying(bound=(it.certificate.bound or 0) + 1)


def _far(cells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(begin + 2 * 86_400, end + 2 * 86_400) for begin, end in cells]


#: Each makes a certified plan false, wherever it can be done at all.
FALSE: dict[str, Mutation] = {
    "objective less": _objective(-1),
    "objective more": _objective(1),
    "objective missing": lambda it: it.saying(objective=None),
    "bound more": _bound(1),
    "bound above objective": lambda it: it.saying(bound=(it.certificate.objective or 0) + 1),
    "gap less": lambda it: it.saying(gap=(it.certificate.gap or 0) / 2),
    "gap missing": lambda it: it.saying(gap=None),
    "bound missing": lambda it: it.saying(bound=None),
    "status optimal": lambda it: it.saying(status="optimal"),
    "status infeasible": lambda it: it.saying(status="infeasible"),
    "status unknown": lambda it: it.saying(status="unknown"),
    "prices raised": lambda it: it.priced(lambda rate: 2 * rate),
    "prices lowered": lambda it: it.priced(lambda rate: rate // 3),
    "prices gone": lambda it: it.proving(prices={}, cells=()),
    "prices of another row": lambda it: it.proving(
        prices={"service:" + it.infrastructure.services.names[0]: it.proof.prices["crew"]}
    ),
    "price beyond 62 bits": lambda it: it.priced(lambda _: 2**53),
    "row unknown": lambda it: it.proving(prices=it.proof.prices | {"service:none": ((0, 1),)}),
    "runs descend": lambda it: it.proving(
        prices={"crew": (*it.proof.prices["crew"][:2][::-1], *it.proof.prices["crew"][2:])}
    ),
    "run of no cell": lambda it: it.proving(
        prices={"crew": (*it.proof.prices["crew"], (len(it.proof.cells), 1))}
    ),
    "cells shifted": _cells(_far),
    "cells halved": _cells(lambda cells: [(b, b + (e - b + 1) // 2) for b, e in cells]),
    "cells overlap": _cells(lambda cells: [(b, e + 1) for b, e in cells]),
    "cells descend": _cells(lambda cells: cells[::-1]),
    "cell empty": _cells(lambda cells: [(cells[0][0], cells[0][0]), *cells[1:]]),
    "cell beyond 62 bits": _cells(lambda cells: [*cells[:-1], (cells[-1][0], 2**53)]),
    "kind": lambda it: it.proving(kind="fluid", prices={}, cells=()).saying(
        bound=(it.certificate.objective or 0)
    ),
    "claim that nobody proves": _claimed,
    "parameters skip": lambda it: it.saying(
        parameters={"on_infeasible": "skip", "respect_units": False}
    ),
    "parameters bare nodes": lambda it: it.saying(parameters={"respect_units": False}),
    "parameters unknown": lambda it: it.saying(parameters={"on_infeasible": "pray"}),
    "parameters of no truth": lambda it: it.saying(parameters={"respect_units": "maybe"}),
    "waive removed": _without_a_waive,
    "waive added": _with_a_waive,
    "unit left out": _without_the_last,
    "units exchanged": _exchanged,
    "built beyond surge": _built_beyond_surge,
    "in place where it need not": _in_place_instead,
    "unit torn": _torn,
    "held back": lambda it: it.doing(
        0, not_before=it.infrastructure.windows.earliest_fit(0, 1) + 7
    ),
    "all at once": _unguarded,
    "crew less": _crew_less,
    "surge less": _surge_less,
    "min_up more": _min_up_more,
    "weights more": _nodes(lambda node: node.update(criticality=node["criticality"] + 1)),
    "durations more": _nodes(
        lambda node: node["patch"].update(duration=node["patch"]["duration"] + 60)
    ),
    "warm-up more": _nodes(lambda node: node["patch"].update(warmup=node["patch"]["warmup"] + 60)),
    "overhead more": lambda it: it.constrained(
        step_overhead=it.infrastructure.limits.overhead_s + 60
    ),
    "order more": _ordered,
    "window less": _shut,
}


def _split(cells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [half for b, e in cells for half in ((b, (b + e) // 2), ((b + e) // 2, e))]


def _twice(it: Subject) -> Subject:
    runs = it.proof.prices["crew"]
    doubled = tuple((2 * cell, rate) for cell, rate in runs)
    return it.proving(cells=tuple(_split(list(it.proof.cells))), prices={"crew": doubled})


def _arc_more(it: Subject) -> Subject:
    """Let a step come after one that comes before one that it comes after."""
    steps = it.plan.steps
    step = next(s for s in steps if any(steps[before].after for before in s.after))
    further = next(steps[before].after[0] for before in step.after if steps[before].after)
    return it.doing(step.id, after=tuple(sorted({*step.after, further})))


#: Each leaves a certified plan true; the reason stands beside it.
TRUE: dict[str, Mutation] = {
    "a lower bound is one too": _bound(-1),
    "no bound claims nothing": lambda it: it.saying(bound=None, gap=None, proof=None),
    "cells in halves of the same price": _twice,
    "a row without a price": lambda it: it.proving(
        prices=it.proof.prices | {"service:" + it.infrastructure.services.names[0]: ((0, 0),)}
    ),
    "a cell without a price": lambda it: it.proving(
        prices={"crew": (*it.proof.prices["crew"], (len(it.proof.cells), 0))},
        cells=(*it.proof.cells, tuple(86_400 * 50 + second for second in (60, 120))),
    ),
    "a claim that is not needed": lambda it: it.proving(
        claims=(Claim(kind="head", group="s0-0", value_s=1),)
    ),
    "found by search alone is not checked, and so said": lambda it: it.proving(
        kind="cp_sat"
    ).saying(bound=(it.certificate.bound or 0) + 1),
    "words and clocks": lambda it: it.doing(0, reason="because").saying(seed=5, wall_time_s=1.0),
    "an arc that others say already": _arc_more,
}
