"""How often do 95% intervals hold what they are for? See README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/coverage/run.py                          done, and left
    .venv/bin/python experiments/coverage/run.py risky_patch as_written
    .venv/bin/python experiments/coverage/run.py --all --table            all, into README.md

What a scenario under a preset has come to is a line of `results.jsonl`; it is not run again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "benchmarks")]

from by_scenario import rows, run
from result_lines import Line, Lines

from patchopt.files import load_preset, load_scenario
from patchopt.model.base import Floats
from patchopt.model.build import build_infrastructure
from patchopt.model.presets import with_failures
from patchopt.model.risk import cvar, wilson
from patchopt.reports.numbers.bootstrap import compare, estimate
from patchopt.reports.numbers.resampling import TAILS, resampled_sums
from patchopt.reports.numbers.tail_limits import cvar_limits, quantile_limits
from patchopt.simulator import Simulator
from patchopt.strategies import make_strategy

LINES = Lines(HERE / "results.jsonl", ("scenario", "failures", "replications"))
PRESETS = ("as_written", "pessimistic")
#: Of the truth; samples are parts of them that do not overlap.
REPLICATIONS, SEED, BLOCK = 1_000_000, 1, 50_000
#: Replications of a sample, and how many samples.
SAMPLES = {200: 500, 1000: 500, 5000: 200}
PLANS = ("rolling", "exposure_greedy")
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Values = dict[str, NDArray[Any]]


def simulated(scenario: str, failures: str) -> tuple[Values, Values]:
    """Return total exposures in thousandths, and breaches, of two plans under the same luck."""
    infrastructure = build_infrastructure(
        with_failures(load_scenario(scenario), load_preset(failures))
    )
    exposures, breaches = {}, {}
    for name in PLANS:
        simulator = Simulator(infrastructure, make_strategy(name).plan(infrastructure))
        blocks = [
            simulator.run(SEED, BLOCK, first=first).columns
            for first in range(0, REPLICATIONS, BLOCK)
        ]
        exposures[name] = np.concatenate([b["total_exposure"] for b in blocks]).astype(float)
        breaches[name] = np.concatenate([block["breach"] for block in blocks]).astype(float)
    return exposures, breaches


def limits(own: Floats, other: Floats, breach: Floats) -> Iterator[tuple[str, float, float]]:
    """Yield every interval of a sample."""
    sums = resampled_sums(own[:, None])
    yield "mean, percentile", *np.quantile(sums[:, 0] / sums[:, 1], TAILS).tolist()
    found = estimate(own[:, None])
    yield "mean", float(found.low[0]), float(found.high[0])
    pair = compare(own, other)
    yield "ratio", pair.ratio_low, pair.ratio_high
    ordered = np.sort(own)
    for name, share in SHARES.items():
        yield name, *quantile_limits(ordered, share)
    yield "CVaR", *cvar_limits(ordered, 0.95)
    yield "breach", *wilson(float(breach.sum()), len(breach))


def measured(scenario: str, failures: str, _: int) -> Line:
    """Count how often intervals of samples hold what all replications come to."""
    exposures, breaches = simulated(scenario, failures)
    own, other, breach = exposures[PLANS[0]], exposures[PLANS[1]], breaches[PLANS[0]]
    mean = float(own.mean())
    truth = {
        "mean, percentile": mean,
        "mean": mean,
        "ratio": mean / float(other.mean()) - 1,
        **{name: float(np.quantile(own, q, method="inverted_cdf")) for name, q in SHARES.items()},
        "CVaR": cvar(own, np.ones(len(own)), 0.95),
        "breach": float(breach.mean()),
    }
    covered: dict[str, dict[str, list[int]]] = {}
    for size, samples in SAMPLES.items():
        hits: Counter[str] = Counter()
        there: Counter[str] = Counter()
        for begin in np.arange(samples) * (REPLICATIONS // samples):
            some = slice(begin, begin + size)
            for name, low, high in limits(own[some], other[some], breach[some]):
                if np.isfinite(low) and np.isfinite(high):
                    there[name] += 1
                    hits[name] += low <= truth[name] * (1 + 1e-12) and truth[name] <= high + 1e-9
        covered[str(size)] = {name: [int(hits[name]), there[name]] for name in truth}
    return {
        "scenario": scenario,
        "failures": failures,
        "replications": REPLICATIONS,
        "covered": covered,
    }


def table(lines: list[Line]) -> str:
    """Return shares covered in percent, a scenario under a preset and a size a line."""
    by_key = {(line["scenario"], line["failures"]): line for line in lines}
    names = list(lines[0]["covered"]["200"])
    text = [f"| scenario | failures | n | {' | '.join(names)} |"]
    text.append("| --- | --- | ---: |" + " ---: |" * len(names))
    for key in rows(PRESETS):
        for size, covered in by_key[key]["covered"].items() if key in by_key else ():
            cells = [
                f"{100 * hits / there:.1f}" if there else "–" for hits, there in covered.values()
            ]
            text.append(f"| {key[0]} | {key[1]} | {int(size):,} | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    run(__doc__ or "", PRESETS, LINES, (REPLICATIONS,), measured, table, HERE)
