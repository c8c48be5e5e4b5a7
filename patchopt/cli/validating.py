"""``patchopt validate``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing
from patchopt.errors import ScenarioError
from patchopt.wording import plural

if TYPE_CHECKING:
    from patchopt.model.infrastructure import Infrastructure


def check_scenarios(names: Sequence[str], *, as_json: bool) -> int:
    """Check scenarios, all of them whatever the first ones hold, and return the exit code."""
    results = [_check(name) for name in names]
    if as_json:
        printing.as_json([{k: v for k, v in row.items() if k != "text"} for row in results])
    else:
        for row in results:
            _print_validity(row)
    return 0 if all(row["valid"] for row in results) else 2


def _check(name: str) -> dict[str, Any]:
    from patchopt.files import load_scenario
    from patchopt.model.build import build_infrastructure

    try:
        infrastructure = build_infrastructure(load_scenario(name))
    except ScenarioError as error:
        problems = [
            {
                "line": problem.line,
                "column": problem.column,
                "path": list(problem.path),
                "message": problem.message,
                "remedy": problem.remedy,
            }
            for problem in error.problems
        ]
        return {"scenario": name, "valid": False, "problems": problems, "text": str(error)}
    return {"scenario": name, "valid": True, **_size(infrastructure)}


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
        printing.error(row["text"])
        return
    counted = ("nodes", "services", "units", "edges")
    counts = ", ".join(plural(row[key], key.removesuffix("s")) for key in counted)
    sys.stdout.write(f"{row['scenario']}: valid ({counts})\n")
    for warning in row["warnings"]:
        printing.warn(f"{row['scenario']}: {warning}")
