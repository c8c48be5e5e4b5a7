"""Print some mutants of a module, one JSON object a line; run where Cosmic Ray is installed."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

#: `int | None` is an annotation nearly everywhere, and no test can notice another one.
LEFT_OUT = "ReplaceBinaryOperator_BitOr_"


def main(module: str, most: int, seed: int) -> None:
    source = Path(module).read_text(encoding="utf-8")
    tree = get_ast(source)
    found = []
    for name in sorted(plugins.operator_names()):
        kind = plugins.get_operator(name)
        if kind.arguments() or LEFT_OUT in name:
            continue
        positions = [at for node in ast_nodes(tree) for at in kind().mutation_positions(node)]
        found += [(name, number, at[0][0]) for number, at in enumerate(positions)]
    drawn = random.Random(seed)  # noqa: S311 - a lot, no secret
    sample = drawn.sample(found, min(most, len(found)))
    print(json.dumps({"all": len(found)}))
    for name, number, line in sample:
        mutated = mutate_code(source, plugins.get_operator(name)(), number)
        short = name.removeprefix("core/")
        print(json.dumps({"line": line, "operator": short, "source": mutated}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
