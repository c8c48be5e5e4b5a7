"""How close the optimiser comes to a proof, at every size: one run is a size and a family.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/benchmarks/optimiser.py                 what is done, what is left
    .venv/bin/python experiments/benchmarks/optimiser.py 200 windows     one row of the table
    .venv/bin/python experiments/benchmarks/optimiser.py --table         write it into README.md

What a seed has come to is a line of `optimiser.jsonl`; a seed that has one is not run again.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from optimiser_reach import TIME_S, rows, seeds_of
from optimiser_runs import Interrupted, Line, measured
from optimiser_table import table
from result_lines import Lines
from tables import HERE, between_marks

from patchopt.errors import PatchoptError
from patchopt.generate import factors_of

OUT = HERE / "optimiser.jsonl"
KEY = ("family", "nodes", "seed", "time_s")


def some_seeds(text: str) -> range:
    """Return the seeds that are written as ``1030-1034`` or ``1030``."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()) or int(last or first) < int(first):
        raise argparse.ArgumentTypeError(f"{text!r}: write a seed, or two such as 1030-1034")
    return range(int(first), int(last or first) + 1)


def time_of(nodes: int, given: float | None) -> float:
    """Return the seconds of a plan: those given, or the table's."""
    if given is not None:
        return given
    if nodes not in TIME_S:
        sizes = ", ".join(map(str, TIME_S))
        raise PatchoptError(f"{nodes} nodes: not in the table ({sizes}), so give --time")
    return TIME_S[nodes]


def run(
    nodes: int, family: str, seeds: range | None, time_s: float, lines: Lines, again: bool
) -> None:
    """Run the seeds of a row that have not been run, and keep what each comes to at once."""
    factors_of(family, nodes)  # complains before anything is run
    done = set() if again else lines.done()
    for seed in seeds or seeds_of(family):
        if (family, nodes, seed, time_s) in done:
            sys.stderr.write(f"{nodes} {family} {seed}: done before\n")
            continue
        line = alone(family, nodes, seed, time_s)
        lines.put(line)
        sys.stderr.write(f"{nodes} {family} {seed}: {told(line)}\n")


def alone(family: str, nodes: int, seed: int, time_s: float) -> Line:
    """Measure in a process of its own, so that its memory is its own too."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measured, family, nodes, seed, time_s).result()


def told(line: Line) -> str:
    """Return a line in words."""
    text = f"gap {100 * line['gap']:.3f}%, {line['status']}, {line['seconds']:.1f} s"
    if not line["valid"]:
        text += f", NOT VALID: {'; '.join(line['wrong'])}"
    if line["simulated"] is False:
        text += ", SIMULATES TO ANOTHER EXPOSURE"
    return text


def listing(lines: Lines) -> str:
    """Say of every row what is done, and how long what is left takes."""
    done, left_s, texts = lines.done(), 0.0, []
    for nodes, family in rows():
        time_s = TIME_S[nodes]
        seeds = seeds_of(family)
        there = [seed for seed in seeds if (family, nodes, seed, time_s) in done]
        left_s += (len(seeds) - len(there)) * time_s
        state = "done" if len(there) == len(seeds) else f"{len(there)} of {len(seeds)} seeds"
        texts.append(f"{nodes:>7} {family:<16}{state}")
    return "\n".join([*texts, f"left: {left_s / 3600:.1f} hours of planning"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("size", type=int, nargs="?", help="nodes")
    parser.add_argument("family", nargs="?")
    parser.add_argument("--seeds", type=some_seeds, help="such as 1040-1044; else the table's")
    parser.add_argument("--time", type=float, help="seconds for a plan; by default the table's")
    parser.add_argument("--out", type=Path, default=OUT, help="file of results, one a line")
    parser.add_argument("--again", action="store_true", help="run what is done once more")
    parser.add_argument("--table", action="store_true", help="write the table into README.md")
    given = parser.parse_args()
    lines = Lines(given.out, KEY)
    if given.size is not None and given.family is None:
        parser.error("give a family beside the size")
    try:
        if given.size is not None:
            time_s = time_of(given.size, given.time)
            run(given.size, given.family, given.seeds, time_s, lines, given.again)
        elif not given.table:
            sys.stdout.write(listing(lines))
    except PatchoptError as error:
        parser.error(str(error))
    except BrokenProcessPool:
        sys.exit("the process that was planning has died, out of memory perhaps; give it more")
    except (Interrupted, KeyboardInterrupt):
        sys.exit("interrupted: the seed that was running is not kept")
    if given.table:
        if not lines.done():
            parser.error(f"{given.out}: nothing has been run yet")
        text = table(lines.all())
        sys.stdout.write(text)
        between_marks("optimiser", text)


if __name__ == "__main__":
    main()
