"""``patchopt validate, plan, simulate, optimize``: one scenario at a time."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing
from patchopt.errors import ScenarioError

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure
    from patchopt.model.plan import Plan
    from patchopt.model.scenario import Scenario
    from patchopt.optimizer import Progress
    from patchopt.simulator import Outcome


def validate(scenarios: list[str], as_json: bool) -> int:
    """Check scenarios, all of them whatever the first ones hold."""
    from patchopt.files import load_scenario
    from patchopt.model.build import build_infrastructure

    results: list[dict[str, Any]] = []
    for name in scenarios:
        try:
            infrastructure = build_infrastructure(load_scenario(name))
        except ScenarioError as error:
            results.append(
                {
                    "scenario": name,
                    "valid": False,
                    "problems": [
                        {
                            "line": problem.line,
                            "column": problem.column,
                            "path": list(problem.path),
                            "message": problem.message,
                            "remedy": problem.remedy,
                        }
                        for problem in error.problems
                    ],
                    "text": str(error),
                }
            )
            continue
        results.append({"scenario": name, "valid": True, **_size(infrastructure)})
    if as_json:
        printing.as_json([{k: v for k, v in row.items() if k != "text"} for row in results])
    else:
        for row in results:
            _print_validity(row)
    return 0 if all(row["valid"] for row in results) else 2


def _size(infrastructure: Infrastructure) -> dict[str, Any]:
    return {
        "nodes": len(infrastructure.nodes),
        "services": len(infrastructure.services.names),
        "units": len(infrastructure.units),
        "edges": len(infrastructure.scenario.edges),
        "warnings": list(infrastructure.warnings),
    }


def _print_validity(row: dict[str, Any]) -> None:
    if not row["valid"]:
        for line in row["text"].splitlines():
            sys.stderr.write(f"error: {line}\n")
        return
    counts = ", ".join(f"{row[key]} {key}" for key in ("nodes", "services", "units", "edges"))
    sys.stdout.write(f"{row['scenario']}: valid ({counts})\n")
    for warning in row["warnings"]:
        printing.warn(f"{row['scenario']}: {warning}")


def _infrastructure(name: str) -> Infrastructure:
    from patchopt.files import load_scenario

    return _built(load_scenario(name))


def _built(scenario: Scenario) -> Infrastructure:
    from patchopt.model.build import build_infrastructure

    infrastructure = build_infrastructure(scenario)
    for warning in infrastructure.warnings:
        printing.warn(warning)
    return infrastructure


def plan(
    scenario: str,
    strategy: str,
    parameters: dict[str, Any],
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Plan a scenario."""
    from patchopt.strategies import make_strategy

    maker = make_strategy(strategy, parameters)
    infrastructure = _infrastructure(scenario)
    _prepare(out, force)
    _publish_plan(infrastructure, maker.plan(infrastructure), out, as_json)


def _prepare(out: Path | None, force: bool) -> None:
    if out is not None:
        from patchopt.files import prepare_output

        prepare_output(out, force)


def _publish_plan(
    infrastructure: Infrastructure, made: Plan, out: Path | None, as_json: bool
) -> None:
    from patchopt.reports import plan_page

    page = plan_page(infrastructure, made)
    if out is not None:
        _write(out, {"plan.json": _plan_text(made), "report.md": page})
    if as_json:
        printing.as_json(made.model_dump(mode="json"))
    elif out is None:
        sys.stdout.write(page)
    else:
        sys.stdout.write(f"{len(made.steps)} steps: {out / 'plan.json'}, {out / 'report.md'}\n")


def _plan_text(made: Plan) -> str:
    from patchopt.files import plan_json

    return plan_json(made)


def _write(out: Path, texts: dict[str, str]) -> None:
    from patchopt.files import atomic_write

    for name, text in texts.items():
        # The folder was checked as a whole: what lies in it may be replaced.
        with atomic_write(out / name, force=True) as handle:
            handle.write(text)


def simulate(
    scenario: str,
    strategy: str | None,
    parameters: dict[str, Any],
    plan_file: Path | None,
    seed: int | None,
    replications: int,
    failures: str,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Simulate a plan and write the four files of a run."""
    from patchopt.files import load_preset, load_scenario
    from patchopt.model.presets import with_failures
    from patchopt.simulator import simulate as run
    from patchopt.strategies import make_strategy

    maker = None if strategy is None else make_strategy(strategy, parameters)
    preset = load_preset(failures)
    written = load_scenario(scenario)
    infrastructure = _built(with_failures(written, preset))
    if maker is None:
        assert plan_file is not None  # noqa: S101 - the command line gives one of the two
        chosen = _read_plan(plan_file, written, infrastructure)
    else:
        chosen = maker.plan(infrastructure)
    _prepare(out, force)
    first = infrastructure.scenario.seed if seed is None else seed
    outcome = run(infrastructure, chosen, seed=first, replications=replications, events=True)
    if out is not None:
        _write_run(infrastructure, chosen, outcome, out)
    if as_json:
        records = outcome.frame().to_dict(orient="records")
        printing.as_json(json.loads(json.dumps(records, default=float)))
        return
    _print_metrics(outcome)
    if out is not None:
        names = ("plan.json", "metrics.csv", "events.jsonl", "report.md")
        sys.stdout.write("written: " + ", ".join(str(out / name) for name in names) + "\n")


def _read_plan(path: Path, written: Scenario, infrastructure: Infrastructure) -> Plan:
    """Read a plan for a scenario, made before or after a preset took the place of its failures."""
    from patchopt.files import read_plan
    from patchopt.model.build import scenario_sha256
    from patchopt.model.plan import ScenarioRef
    from patchopt.simulator.certified import keep_true_certificate
    from patchopt.simulator.plan_check import check_plan

    chosen = read_plan(path)
    if chosen.scenario.sha256 == scenario_sha256(written):
        about = ScenarioRef(name=written.name, sha256=infrastructure.sha256)
        chosen = chosen.model_copy(update={"scenario": about})
    check_plan(chosen, infrastructure, str(path))
    chosen, dropped = keep_true_certificate(chosen, infrastructure)
    if dropped is not None:
        printing.warn(f"{path}: {dropped}")
    return chosen


def _write_run(infrastructure: Infrastructure, chosen: Plan, outcome: Outcome, out: Path) -> None:
    from patchopt.files import events_text, metrics_csv_text
    from patchopt.reports import run_report

    texts = {
        "plan.json": _plan_text(chosen),
        "metrics.csv": metrics_csv_text(outcome),
        "events.jsonl": events_text(outcome.events),
        "report.md": run_report(infrastructure, chosen, outcome),
    }
    _write(out, texts)


def _print_metrics(outcome: Outcome) -> None:
    from patchopt.model.metrics import NUMERIC_METRICS

    count = len(outcome)
    title = f"{outcome.scenario}, {outcome.strategy}, seed {outcome.seeds[0]}"
    rows = []
    for metric in NUMERIC_METRICS:
        values = outcome.values(metric)
        digits = 3 if metric.kind in ("exposure", "share") else 0
        cells = [metric.name, metric.unit, printing.number(values.mean(), max(digits, 1))]
        if count == 1:
            cells = [metric.name, metric.unit, printing.number(values[0], digits)]
        else:
            cells += [printing.number(values.min(), digits), printing.number(values.max(), digits)]
        rows.append(cells)
    single = [("metric", False), ("unit", False), ("value", True)]
    many = [*single[:2], ("mean", True), ("min", True), ("max", True)]
    if count > 1:
        title += f" and the {count - 1} after it"
    printing.table(single if count == 1 else many, rows, title)
    reasons = Counter(reason for reason in outcome.columns["abort_reason"].tolist() if reason)
    for reason, times in reasons.most_common():
        sys.stdout.write(f"aborted {times} of {count}: {reason}\n")


def optimize(
    scenario: str, limits: dict[str, Any], out: Path | None, force: bool, as_json: bool
) -> int:
    """Search for the plan of least exposure."""
    from patchopt.strategies import make_strategy
    from patchopt.strategies.optimal import Optimal

    maker = make_strategy("optimal", limits)
    assert isinstance(maker, Optimal)  # noqa: S101 - that is what the name stands for
    infrastructure = _infrastructure(scenario)
    _prepare(out, force)
    line = _ProgressLine()
    solution = maker.solve(infrastructure, line.show)
    line.close()
    _publish_plan(infrastructure, solution.plan, out, as_json)
    if not as_json:
        from patchopt.model.quantities import format_milli

        found = solution.certificate
        value, bound = format_milli(found.objective or 0), format_milli(found.bound or 0)
        sys.stdout.write(
            f"{found.status}: exposure {value} weight·s, proven bound {bound}, "
            f"gap {100 * (found.gap or 0):.2f}%\n"
        )
    if solution.interrupted:
        printing.note("interrupted: the best plan so far is kept")
    return 130 if solution.interrupted else 0


class _ProgressLine:
    """Incumbent, bound and gap on standard error: one line that changes on a terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._shown = 0.0
        self._objective = -1

    def show(self, progress: Progress) -> None:
        from patchopt.model.quantities import format_milli

        value, bound = format_milli(progress.objective_milli), format_milli(progress.bound_milli)
        text = (
            f"{progress.wall_time_s:7.1f} s  incumbent {value}  bound {bound}  "
            f"gap {100 * progress.gap:.2f}%"
        )
        with self._lock:
            if self._terminal:
                sys.stderr.write(f"\r\x1b[2K{text}")
                sys.stderr.flush()
            # A log gets a line for every incumbent, and else one every ten seconds.
            elif (
                progress.objective_milli != self._objective
                or progress.wall_time_s > self._shown + 10
            ):
                sys.stderr.write(f"{text}\n")
                self._shown, self._objective = progress.wall_time_s, progress.objective_milli

    def close(self) -> None:
        if self._terminal:
            sys.stderr.write("\n")
