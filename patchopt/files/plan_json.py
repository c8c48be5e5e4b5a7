"""``plan.json``: plans as text and back."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from patchopt.errors import PlanError
from patchopt.model.plan import Plan

#: Most bytes of a plan that is read.
_MAX_BYTES = 1 << 30


def plan_json(plan: Plan) -> str:
    """Return a plan as JSON text, ending with a newline; reading it back gives the same plan."""
    return json.dumps(plan.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Parameters
    ----------
    path : Path
        Of a ``plan.json``.

    Returns
    -------
    Plan
        Well-formed by itself; whether it fits a scenario is for the simulator to check.

    Raises
    ------
    PlanError
        If it cannot be read, is no JSON or no plan, with every place that is wrong.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise PlanError("the file is too large", place=str(path), remedy="give a plan.json")
        values = json.loads(path.read_bytes())
    except OSError as error:
        message = f"the plan cannot be read: {error.strerror}"
        raise PlanError(message, place=str(path), remedy="give an existing plan.json") from None
    except (ValueError, RecursionError) as error:
        message = f"the file is no JSON ({error})"
        raise PlanError(message, place=str(path), remedy="write the plan anew") from None
    version = values.get("version") if isinstance(values, dict) else None
    if version != 1:
        message = f"version {version!r} of a plan is unknown" if version else "it is no plan"
        remedy = "this patchopt reads version 1; plan the scenario anew"
        raise PlanError(message, place=str(path), remedy=remedy)
    try:
        return Plan.model_validate(values)
    except ValidationError as error:
        problems = error.errors()
        lines = [
            f"{path}: {'.'.join(map(str, problem['loc']))}: "
            f"{problem['msg'][:1].lower()}{problem['msg'][1:]}; mend it or plan the scenario anew"
            for problem in problems[:20]
        ]
        if len(problems) > 20:
            lines.append(f"{path}: and {len(problems) - 20} more problems")
        raise PlanError("\n".join(lines)) from None
