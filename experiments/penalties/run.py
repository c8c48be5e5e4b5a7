"""What a bound gains if luck is seen only as it comes. See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/penalties/run.py                          done, and left
    .venv/bin/python experiments/penalties/run.py risky_patch independent
    .venv/bin/python experiments/penalties/run.py --all --table            all, into README.md

What a scenario under a preset has come to is a line of `results.jsonl`; it is not run again.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from itertools import takewhile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "benchmarks")]

from by_scenario import rows, run
from prices import Alike, Grid, least_cost
from result_lines import Line, Lines
from tables import machine

from patchopt.files import load_preset, load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.presets import with_failures
from patchopt.optimizer.bounds.grid import openings
from patchopt.optimizer.problem import Problem, Task
from patchopt.simulator import Simulator
from patchopt.simulator.loop.draws import draw
from patchopt.simulator.loop.streams import STREAM_DEFECT, replication_keys, threshold
from patchopt.stochastic.bounding import bounds
from patchopt.stochastic.hindsight import Hindsights
from patchopt.stochastic.outcomes import Oracle
from patchopt.stochastic.parameters import outcome_limits
from patchopt.strategies import make_strategy

LINES = Lines(HERE / "results.jsonl", ("scenario", "failures", "replications", "cells"))
PRESETS = ("independent", "as_written", "pessimistic")
#: Of the wait-and-see bound; outcomes of each set of defects, its luck; cells of time.
SEED, REPLICATIONS, OUTCOMES, CELLS = 42, 200, 200, 120
#: Time that is looked at, in terms of the nominal optimum's completion time.
BEYOND = 2.0
#: More sets of defective releases than this take too long.
MOST_SETS = 40


def both(scenario: str, failures: str, workers: int) -> Line:
    """Bound a scenario under a preset in both ways."""
    infrastructure = build_infrastructure(
        with_failures(load_scenario(scenario), load_preset(failures))
    )
    ahead = bounds(infrastructure, SEED, REPLICATIONS, outcome_limits(), workers=workers)
    plan = make_strategy("optimal").plan(infrastructure)
    nominal = Simulator(infrastructure, plan).run(SEED, REPLICATIONS).columns["total_exposure"]
    sound = infrastructure.without_failures()
    ends_s = float(Simulator(sound, plan).run(SEED, 1).columns["completion_time"][0])
    sets = defects_drawn(infrastructure)
    as_it_comes = None
    if len(sets) <= MOST_SETS:
        values = [
            (as_luck_comes(infrastructure, defects, BEYOND * ends_s), count)
            for defects, count in sets.items()
        ]
        as_it_comes = sum(value * count for value, count in values) / REPLICATIONS
    return {
        "scenario": scenario,
        "failures": failures,
        "replications": REPLICATIONS,
        "cells": CELLS,
        "sets": len(sets),
        "wait_and_see_bound": float(ahead.bound_milli.mean()) / 1000,
        "as_it_comes": as_it_comes,
        "nominal_optimum": float(nominal.mean()) / 1000,
        "machine": machine(),
    }


def defects_drawn(infrastructure: Infrastructure) -> Counter[frozenset[int]]:
    """Return which releases are defective together in the replications, and how often."""
    releases = infrastructure.releases
    keys = replication_keys(infrastructure.luck, SEED, 0, REPLICATIONS)
    sets: Counter[frozenset[int]] = Counter()
    for key in keys:
        drawn = (
            release
            for release, probability in enumerate(releases.defect_probability)
            if draw(key, STREAM_DEFECT, int(releases.key[release]), 0) < threshold(probability)
        )
        sets[frozenset(drawn)] += 1
    return sets


def as_luck_comes(infrastructure: Infrastructure, defects: frozenset[int], until_s: float) -> float:
    """Bound the mean of one who knows what is defective, and no more beforehand."""
    hindsights, oracle = Hindsights(infrastructure), Oracle(infrastructure)
    keys = replication_keys(infrastructure.luck, SEED, 0, OUTCOMES)
    outcomes = [oracle.outcome(key, defects) for key in keys]
    chains = [{chain.unit: chain for chain in hindsights.of(one).chains} for one in outcomes]
    kinds: dict[tuple[object, ...], list[Task]] = defaultdict(list)
    nodes, horizon_s = infrastructure.nodes, infrastructure.limits.horizon_s
    for task in hindsights.problem.tasks:
        members = infrastructure.units.members(task.item.unit)
        kinds[task.asks, tuple(sorted(int(nodes.release[node]) for node in members))].append(task)
    alike = []
    for tasks in kinds.values():
        units = [task.item.unit for task in tasks]
        sample = [
            (outcome[unit], own.get(unit))
            for outcome, own in zip(outcomes, chains, strict=True)
            for unit in units
        ]
        lost = [
            horizon_s if own.otherwise_s is None else own.otherwise_s
            for own, chain in sample
            if chain is None
        ]
        left_s = sum(lost) / len(lost) if lost else float(horizon_s)
        alike.append(Alike(tasks[0], len(tasks), sample, left_s))
    return least_cost(hindsights.problem, alike, grid(hindsights.problem, until_s))


def grid(problem: Problem, until_s: float) -> Grid:
    """Cut time into cells; work may start in those that touch an opening."""
    width_s = until_s / CELLS
    opened = np.zeros(CELLS, np.bool_)
    begin_s = np.arange(CELLS) * width_s
    for opening in takewhile(lambda window: window.open_s < until_s, openings(problem.windows)):
        opened |= (begin_s < opening.close_s) & (begin_s + width_s > opening.open_s)
    return Grid(CELLS, width_s, opened)


def table(lines: list[Line]) -> str:
    """Return what all came to, a scenario under a preset a line."""
    columns = ["scenario", "failures", "nominal optimum", "sees ahead", "as it comes", "difference"]
    head = [f"| {' | '.join(columns)} |", "| --- | --- |" + " ---: |" * 4]
    by_key = {(line["scenario"], line["failures"]): line for line in lines}
    texts = [row(by_key[key]) for key in rows(PRESETS) if key in by_key]
    machines = "; ".join(sorted({line["machine"] for line in lines}))
    told = (
        f"Mean total exposures in weight·s, {REPLICATIONS} replications of seed {SEED}; for the "
        f"price bound {OUTCOMES} with the same luck, of each set of defects. Made on {machines}.\n"
    )
    return "\n".join([told, *head, *texts]) + "\n"


def row(line: Line) -> str:
    ahead, other = line["wait_and_see_bound"], line["as_it_comes"]
    cells = [line["scenario"], line["failures"], f"{line['nominal_optimum']:,.0f}", f"{ahead:,.0f}"]
    if other is None:
        cells += [f"– ({line['sets']} sets)", "–"]
    else:
        cells += [f"{other:,.0f}", f"{100 * (other / ahead - 1):+.1f}%"]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    run(__doc__ or "", PRESETS, LINES, (REPLICATIONS, CELLS), both, table, HERE)
