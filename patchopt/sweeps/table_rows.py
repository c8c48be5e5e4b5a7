"""Results as rows of the dataset's tables."""

from __future__ import annotations

import json
from typing import Any

from patchopt.files.dataset import failed_run, runs_table
from patchopt.model.plan import Plan
from patchopt.model.quantities import from_milli
from patchopt.model.scenario import Scenario
from patchopt.simulator import Outcome
from patchopt.sweeps.cells import PlanTask
from patchopt.sweeps.worker import Planned


def scenario_of(task: PlanTask) -> Scenario:
    """Read a task's scenario back."""
    return Scenario.model_validate_json(task.scenario_json)


def _cell(task: PlanTask) -> dict[str, Any]:
    return {
        "plan": task.number,
        "scenario": task.scenario_name,
        "strategy": task.strategy,
        "label": task.label,
        "parameters": task.parameters_json,
    }


def plan_row(task: PlanTask, planned: Planned) -> dict[str, Any]:
    """Return the row of a plan, made or failed."""
    row: dict[str, Any] = {**_cell(task), "scenario_json": task.scenario_json}
    if planned.plan_json is None:
        return {**row, "status": "failed", "error": planned.error}
    plan = Plan.model_validate_json(planned.plan_json)
    row |= {
        "plan_json": planned.plan_json,
        "steps": len(plan.steps),
        "nominal_exposure": from_milli(planned.nominal["exposure"]),
        "nominal_completion_time": planned.nominal["completion_time"],
        "status": "done",
    }
    found = plan.certificate
    if found is not None:
        row |= {
            "certificate_status": found.status,
            "objective": None if found.objective is None else from_milli(found.objective),
            "bound": None if found.bound is None else from_milli(found.bound),
            "gap": found.gap,
            "bound_is": found.bound_is,
            "solver_seed": found.seed,
            "solver_parameters": json.dumps(found.parameters, sort_keys=True),
        }
    return row


def event_rows(task: PlanTask, planned: Planned) -> list[dict[str, Any]]:
    """Return the rows of a plan's trace."""
    rows = []
    for number, event in enumerate(planned.events):
        detail = {key: value for key, value in event.items() if key not in ("time", "event")}
        rows.append(
            {
                "plan": task.number,
                "seed": task.seeds[0],
                "replication": 0,
                "number": number,
                "time": event["time"],
                "event": event["event"],
                "detail": json.dumps(detail),
            }
        )
    return rows


def timing_row(number: int, kind: str, replications: int, wall_time_s: float) -> dict[str, Any]:
    """Return the row of a measured time."""
    return {
        "plan": number,
        "kind": kind,
        "replications": replications,
        "wall_time_s": wall_time_s,
    }


def block_table(task: PlanTask, outcome: Outcome) -> Any:
    """Return a block's replications as a typed table."""
    return runs_table(
        **_cell(task),
        seed=outcome.seed,
        replications=outcome.replications,
        strata=outcome.strata,
        weights=outcome.weights,
        columns=outcome.columns,
    )


def failed_table(task: PlanTask, error: str) -> Any:
    """Return the one row that a failed cell leaves."""
    return failed_run(**_cell(task), error=error)
