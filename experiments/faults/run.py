"""Attack sweeps at many moments and say what was lost; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/faults/run.py                     done, and left
    .venv/bin/python experiments/faults/run.py --tries 20          every attack, 20 moments each
    .venv/bin/python experiments/faults/run.py --table             into README.md

Each try is a line of `tries.jsonl`, and not made again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "tests"), str(HERE.parent / "benchmarks")]

from result_lines import Lines
from tables import between_marks

from support.attacks import ATTACKS, Whole, can_close, moments
from support.faults import length_of

LINES = Lines(HERE / "tries.jsonl", ("attack", "of", "try"))


def run(attack: str, tries: int, folder: Path, whole: Whole) -> None:
    """Make the tries of an attack that have no line yet."""
    hit, codes = ATTACKS[attack]
    done = LINES.done()
    for number, moment in enumerate(moments(attack, tries)):
        if (attack, tries, number) in done:
            continue
        with tempfile.TemporaryDirectory(dir=folder) as out:
            verdict = hit(Path(out) / "out", whole, moment)
        line = {
            "attack": attack,
            "of": tries,
            "try": number,
            "code": verdict.code,
            "as_expected": verdict.code in codes and "Traceback" not in verdict.errors,
            "kept": verdict.kept,
            "lost": verdict.lost,
            "whole": verdict.whole,
            "left": verdict.left,
        }
        LINES.put(line)
        sys.stderr.write(f"{attack} {number}: {line}\n")


def table() -> str:
    """Return what came of all tries, an attack a line."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in LINES.all():
        found[line["attack"]].append(line)
    columns = ["attack", "tries", "cells finished before", "of them lost"]
    columns += ["other bytes in the end", "processes left after 5 s", "odd endings"]
    head = [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * (len(columns) - 1)]
    rows = [
        f"| {attack} | {len(tries)} | {sum(t['kept'] + t['lost'] for t in tries):,} "
        f"| {sum(t['lost'] for t in tries)} | {sum(not t['whole'] for t in tries)} "
        f"| {sum(t['left'] for t in tries)} | {sum(not t['as_expected'] for t in tries)} |"
        for attack, tries in found.items()
    ]
    return "\n".join([*head, *rows]) + "\n"


def listing(tries: int) -> str:
    """Say of every attack how many tries are made, and how many are left."""
    made = [(line["attack"], line["of"]) for line in LINES.all()]
    return "".join(
        f"{attack:<46}{made.count((attack, tries)):>4} of {tries}\n" for attack in ATTACKS
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, help="moments of each attack")
    parser.add_argument("--attack", choices=list(ATTACKS), help="one alone")
    parser.add_argument("--table", action="store_true", help="write the table into README.md")
    given = parser.parse_args()
    if given.tries is not None:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "whole"
            undisturbed = Whole(whole, length_of(whole))
            for attack in ATTACKS if given.attack is None else (given.attack,):
                if "read-only" in attack and not can_close(Path(folder)):
                    sys.stderr.write(f"{attack}: no folder can be closed to the superuser here\n")
                    continue
                run(attack, given.tries, Path(folder), undisturbed)
    if given.table:
        between_marks("tries", table(), HERE)
    if given.tries is None and not given.table:
        sys.stdout.write(listing(20))


if __name__ == "__main__":
    main()
