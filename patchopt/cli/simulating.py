"""``patchopt simulate``: replications of one plan, and the four files of a run."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from patchopt.cli import printing
from patchopt.cli.planning import built_with_warnings

if TYPE_CHECKING:
    from patchopt.cli.requests import SimulateRequest
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan
    from patchopt.model.scenario import Scenario
    from patchopt.simulator import Outcome


def deliver_run(request: SimulateRequest) -> None:
    """Simulate a plan; write plan, metrics, events and page, and print the metrics."""
    from patchopt.files import load_preset, load_scenario
    from patchopt.model.presets import with_failures
    from patchopt.simulator import simulate
    from patchopt.strategies import make_strategy

    given = request.plan
    maker = None if isinstance(given, Path) else make_strategy(given.name, given.parameters)
    preset = load_preset(request.failures)
    written = load_scenario(request.scenario)
    infrastructure = built_with_warnings(with_failures(written, preset))
    if isinstance(given, Path):
        plan = _read_plan(given, written, infrastructure)
    else:
        assert maker is not None  # noqa: S101 - made above
        plan = maker.plan(infrastructure)
    request.delivery.prepare()
    outcome = simulate(
        infrastructure,
        plan,
        seed=infrastructure.scenario.seed if request.seed is None else request.seed,
        replications=request.replications,
        events=True,
    )
    files = request.delivery.write(_texts(infrastructure, plan, outcome))
    if request.delivery.as_json:
        records = outcome.frame().to_dict(orient="records")
        printing.as_json(json.loads(json.dumps(records, default=float)))
        return
    _print_metrics(outcome)
    if files:
        sys.stdout.write("written: " + ", ".join(map(str, files)) + "\n")


def _read_plan(path: Path, written: Scenario, infrastructure: Infrastructure) -> Plan:
    """Read a plan for a scenario, made before or after a preset took the place of its failures."""
    from patchopt.files import read_plan
    from patchopt.model.build import scenario_sha256
    from patchopt.model.plan import ScenarioRef
    from patchopt.simulator.plan_check import check_plan
    from patchopt.verify import with_verdict

    plan = read_plan(path)
    if plan.scenario.sha256 == scenario_sha256(written):
        about = ScenarioRef(name=written.name, sha256=infrastructure.sha256)
        plan = plan.model_copy(update={"scenario": about})
    check_plan(plan, infrastructure, str(path))
    plan, dropped = with_verdict(plan, infrastructure)
    if dropped is not None:
        printing.warn(f"{path}: {dropped}")
    return plan


def _texts(infrastructure: Infrastructure, plan: Plan, outcome: Outcome) -> dict[str, str]:
    from patchopt.files import events_text, metrics_csv_text, plan_json
    from patchopt.reports import run_report

    return {
        "plan.json": plan_json(plan),
        "metrics.csv": metrics_csv_text(outcome),
        "events.jsonl": events_text(outcome.events),
        "report.md": run_report(infrastructure, plan, outcome),
    }


def _print_metrics(outcome: Outcome) -> None:
    from patchopt.model.metrics import NUMERIC_METRICS

    count = len(outcome)
    title = f"{outcome.scenario}, {outcome.strategy}, seed {outcome.seed}"
    rows, zero = [], []
    for metric in NUMERIC_METRICS:
        values = outcome.values(metric)
        if not values.any():
            zero.append(metric.name)
            continue
        digits = 3 if metric.kind in ("exposure", "share") else 0
        rare = 2 if metric.unit in ("count", "0/1") else 1
        cells = [metric.name, metric.unit, printing.number(values.mean(), max(digits, rare))]
        if count == 1:
            cells = [metric.name, metric.unit, printing.number(values[0], digits)]
        else:
            cells += [printing.number(values.min(), digits), printing.number(values.max(), digits)]
        rows.append(cells)
    single = [("metric", False), ("unit", False), ("value", True)]
    many = [*single[:2], ("mean", True), ("min", True), ("max", True)]
    if count > 1:
        title += f", {count:,} replications"
    printing.table(single if count == 1 else many, rows, title)
    if zero:
        sys.stdout.write(f"always 0: {', '.join(zero)}\n")
    reasons = Counter(reason for reason in outcome.columns["abort_reason"].tolist() if reason)
    for reason, times in reasons.most_common():
        sys.stdout.write(f"aborted {times} of {count}: {reason}\n")
