"""``patchopt generate``: made-up instances, as scenario files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from patchopt.cli import printing

if TYPE_CHECKING:
    from patchopt.cli.requests import GenerateRequest


def deliver_instances(request: GenerateRequest) -> int:
    """Write instances, print where they are, and return the exit code."""
    from patchopt.files import load_preset
    from patchopt.files.output import atomic_write, prepare_output
    from patchopt.files.scenario_writing import scenario_text
    from patchopt.generate import factors_of, instance
    from patchopt.model.presets import with_failures

    preset = load_preset(request.failures)
    made = [
        (nodes, seed, factors_of(request.family, nodes, **request.factors))
        for nodes in request.nodes
        for seed in range(request.seed, request.seed + request.count)
    ]
    prepare_output(request.out, request.force)
    rows: list[dict[str, Any]] = []
    for nodes, seed, factors in made:
        scenario = with_failures(instance(factors, seed), preset)
        path = request.out / f"{scenario.name}.yaml"
        with atomic_write(path, request.force) as file:
            file.write(scenario_text(scenario, _about(request, nodes, seed)))
        rows.append({"name": scenario.name, "nodes": nodes, "seed": seed, "file": str(path)})
    if request.as_json:
        printing.as_json(rows)
    else:
        sys.stdout.writelines(f"{row['file']}\n" for row in rows)
    return 0


def _about(request: GenerateRequest, nodes: int, seed: int) -> list[str]:
    """Say at the top of a file what it was drawn from."""
    import json

    told = [f"--nodes {nodes}", f"--seed {seed}", f"--family {request.family}"]
    told += [f"--set '{name}={json.dumps(value)}'" for name, value in request.factors.items()]
    told += [f"--failures {request.failures}"] if request.failures != "as_written" else []
    return ["Made up: nothing in it is a fact.", f"patchopt generate {' '.join(told)} --out DIR"]
