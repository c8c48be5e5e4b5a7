"""What a partial order brings where durations vary: flows, start times, or neither.

Every bundled scenario with nothing that fails and a spread of 0.5 on all durations; the
plans of `optimal` and `exposure_greedy` in four forms: as they are, each step after those
whose places it takes; with the planned start of each step as its earliest instead; with
nothing but the guard; and, to see what of the flows is needed, with the flows of those
steps alone that would otherwise start too early where nothing varies. Replication i meets
the same durations in all, so differences are paired. Exposure alone: nothing fails, so all
is patched in the end.

    python experiments/benchmarks/partial_order.py [REPLICATIONS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from tables import between_marks, machine

from patchopt.files import bundled_scenarios, load_scenario
from patchopt.model.base import Floats
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.plan import Plan, Step
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy

REPLICATIONS = 20_000
SIGMA = 0.5
STRATEGIES = {
    "optimal": {"time_limit": 10.0, "workers": 1, "deterministic": True},
    "exposure_greedy": {},
}


def varied(infrastructure: Infrastructure) -> Infrastructure:
    """Return the infrastructure where nothing fails and every duration varies."""
    sound = infrastructure.without_failures()
    sigma = np.where(sound.nodes.patched, SIGMA, 0.0)
    return replace(sound, nodes=replace(sound.nodes, duration_sigma=sigma))


def changed(plan: Plan, change: Callable[[Step], dict[str, object]]) -> Plan:
    """Return a plan with some fields of each step changed; its certificate does not matter here."""
    steps = tuple(step.model_copy(update=change(step)) for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


def guarded_only(plan: Plan) -> Plan:
    """Return a plan whose steps come after nothing but the build that they switch."""
    return changed(
        plan, lambda step: {"after": _build_of(plan, step) if step.action == "switch" else ()}
    )


def _build_of(plan: Plan, switch: Step) -> tuple[int, ...]:
    return tuple(
        before
        for before in switch.after
        if plan.steps[before].action == "build"
        and set(plan.steps[before].nodes) & set(switch.nodes)
    )


def with_start_times(plan: Plan, infrastructure: Infrastructure) -> Plan:
    """Return a plan that holds each step back to its planned start, and after nothing else."""
    start = starts(infrastructure, plan)
    return changed(guarded_only(plan), lambda step: {"not_before": start[step.id]})


def starts(infrastructure: Infrastructure, plan: Plan) -> dict[int, int]:
    """Return the start of each step where nothing varies."""
    events = Simulator(infrastructure.without_failures(), plan).trace(0)
    return {event["step"]: event["time"] for event in events if event["event"] == "step_start"}


def flows_where_needed(plan: Plan, infrastructure: Infrastructure) -> Plan:
    """Return a plan that keeps the flows of no more steps than its nominal starts ask for."""
    planned, loose, kept = starts(infrastructure, plan), guarded_only(plan), set[int]()

    def after(step: Step) -> dict[str, object]:
        return {"after": (plan if step.id in kept else loose).steps[step.id].after}

    while True:
        found = changed(plan, after)
        got = starts(infrastructure, found)
        # What starts late does so since something else has started early, no later than that.
        early = [(time, step) for step, time in got.items() if time < planned[step]]
        if not early:
            assert got == planned, plan.strategy
            return found
        first = min(early)[0]
        kept.update(step for time, step in early if time == first)


def exposures(infrastructure: Infrastructure, plan: Plan, replications: int) -> Floats:
    """Return the exposure of each replication, in weight-seconds."""
    outcome = Simulator(infrastructure, plan).run(1, replications)
    assert not outcome.columns["aborted"].any(), plan.strategy
    return np.asarray(outcome.columns["exposure"] / 1000, np.float64)


def saved(found: Floats, reference: Floats) -> str:
    """Say how much more than a reference something is, in percent, with its 95% interval."""
    difference = 100 * (found - reference) / reference.mean()
    half = 1.96 * difference.std(ddof=1) / np.sqrt(len(difference))
    return f"{difference.mean():+.2f} ± {half:.2f}"


def main(replications: int) -> None:
    lines = [
        f"{replications:,} replications of each, spread {SIGMA}. Measured on {machine()}.\n",
        "| scenario | strategy | start times | flows, % more | neither | flows where needed |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name in bundled_scenarios():
        infrastructure = build_infrastructure(load_scenario(name))
        for strategy, parameters in STRATEGIES.items():
            plan = make_strategy(strategy, parameters).plan(infrastructure)
            loose = varied(infrastructure)
            timed = exposures(loose, with_start_times(plan, infrastructure), replications)
            flows = exposures(loose, plan, replications)
            neither = exposures(loose, guarded_only(plan), replications)
            needed = exposures(loose, flows_where_needed(plan, infrastructure), replications)
            lines.append(
                f"| {name} | {strategy} | {timed.mean():,.0f} | {saved(flows, timed)} | "
                f"{saved(neither, timed)} | {saved(needed, timed)} |"
            )
            sys.stderr.write(f"{lines[-1]}\n")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    between_marks("partial_order", text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATIONS)
