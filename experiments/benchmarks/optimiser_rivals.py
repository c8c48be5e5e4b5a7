"""The optimiser beside other ways to plan the same, on one instance a row and in the same time.

From the root of a checkout, after `make setup`:

    .venv/bin/python -m pip install -e '.[benchmarks]'
    .venv/bin/python experiments/benchmarks/optimiser_rivals.py               done, and left
    .venv/bin/python experiments/benchmarks/optimiser_rivals.py 200 windows   one row
    .venv/bin/python experiments/benchmarks/optimiser_rivals.py --table       into README.md

Each rival's result is a line of `optimiser_rivals.jsonl`, and not found again. The optimiser's own
figures are those of `optimiser.py`, so run the row's first seed there too.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import optimiser
from optimiser_reach import TIME_S, rows, seeds_of
from result_lines import Lines
from rival_runs import RIVALS, measured, missing
from rival_table import table
from tables import HERE, between_marks

from patchopt.errors import PatchoptError
from patchopt.generate import factors_of

OUT = HERE / "optimiser_rivals.jsonl"
KEY = ("rival", "family", "nodes", "seed", "time_s")


def asked(nodes: int, names: list[str]) -> list[str]:
    """Return the rivals that are asked at a size, and say of the others why not."""
    found = []
    for name in names:
        if nodes > RIVALS[name].most:
            sys.stderr.write(f"{nodes} {name}: not asked above {RIVALS[name].most} nodes\n")
        elif package := missing(name):
            sys.stderr.write(f"{nodes} {name}: left out, {package} is not installed\n")
        else:
            found.append(name)
    return found


def run(
    nodes: int, family: str, time_s: float, names: list[str], lines: Lines, again: bool
) -> None:
    """Ask the rivals of a row that have no line yet."""
    factors_of(family, nodes)  # complains before anything is run
    seed = seeds_of(family)[0]
    done = set() if again else lines.done()
    for name in asked(nodes, names):
        if (name, family, nodes, seed, time_s) in done:
            sys.stderr.write(f"{nodes} {family} {name}: done before\n")
            continue
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            line = pool.submit(measured, name, family, nodes, seed, time_s).result()
        lines.put(line)
        told = {key: line[key] for key in ("objective", "bound", "fits", "valid", "note")}
        sys.stderr.write(f"{nodes} {family} {name}: {told}\n")


def listing(lines: Lines) -> str:
    """Say of every row which rivals are left."""
    done, texts, left_s = lines.done(), [], 0.0
    for nodes, family in rows():
        time_s, seed = TIME_S[nodes], seeds_of(family)[0]
        left = [
            name
            for name, rival in RIVALS.items()
            if nodes <= rival.most and (name, family, nodes, seed, time_s) not in done
        ]
        left_s += sum(time_s for name in left if RIVALS[name].takes_time)
        texts.append(f"{nodes:>7} {family:<16}{'left: ' + ', '.join(left) if left else 'done'}")
    return "\n".join([*texts, f"left: {left_s / 3600:.1f} hours of planning"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("size", type=int, nargs="?", help="nodes")
    parser.add_argument("family", nargs="?")
    parser.add_argument("--time", type=float, help="seconds for a plan; by default the table's")
    parser.add_argument("--rivals", nargs="+", choices=list(RIVALS), default=list(RIVALS))
    parser.add_argument("--out", type=Path, default=OUT, help="file of results, one a line")
    parser.add_argument("--ours", type=Path, default=optimiser.OUT, help="the optimiser's own")
    parser.add_argument("--again", action="store_true", help="run what is done once more")
    parser.add_argument("--table", action="store_true", help="write the table into README.md")
    given = parser.parse_args()
    lines = Lines(given.out, KEY)
    if given.size is not None and given.family is None:
        parser.error("give a family beside the size")
    try:
        if given.size is not None:
            time_s = optimiser.time_of(given.size, given.time)
            run(given.size, given.family, time_s, given.rivals, lines, given.again)
        elif not given.table:
            sys.stdout.write(listing(lines))
    except PatchoptError as error:
        parser.error(str(error))
    except BrokenProcessPool:
        sys.exit("the process that was planning has died, out of memory perhaps; give it more")
    except KeyboardInterrupt:
        sys.exit("interrupted: the rival that was planning has no line")
    if given.table:
        if not lines.done():
            parser.error(f"{given.out}: nothing has been run yet")
        text = table(lines.all(), Lines(given.ours, optimiser.KEY).all())
        sys.stdout.write(text)
        between_marks("optimiser_rivals", text)


if __name__ == "__main__":
    main()
