"""A long sweep that is interrupted five times, beside one that is not; see README.md.

From the root of a checkout, after `make setup`:

    .venv/bin/python experiments/faults/long.py                    twice fifteen minutes
    .venv/bin/python experiments/faults/long.py --minutes 1        a try

What came of it goes into README.md, unless it was a try.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "tests"), str(HERE.parent / "benchmarks")]

from loading import written
from tables import between_marks, machine

from support.faults import COMMAND, finished, left_of, same_files

MINUTES = 15.0
NODES = 1_000
#: How it is interrupted, one after another: by whom, and what is sent.
HOW = ("SIGKILL", "SIGINT", "SIGTERM", "SIGKILL", "SIGINT")
SEED = 1
#: Seconds between two looks at how far it is.
_LOOK_S = 2.0


class Ended(NamedTuple):
    """What was there when a sweep had been interrupted."""

    how: str
    after_s: float
    code: int
    cells: int
    left: int


def study(scenario: Path, replications: int) -> list[str]:
    return [
        f"sweep.scenarios=[{scenario}]",
        "sweep.strategies=[rolling,canary,big_bang]",
        "failures=pessimistic",
        f"sweep.replications={replications}",
        f"sweep.seed={SEED}",
        "simulator.block=100",
    ]


def start(words: list[str], out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *words, f"sweep.out={out}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def timed(words: list[str], out: Path) -> float:
    """Run a sweep to its end; return its seconds."""
    begun = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, *words, f"sweep.out={out}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"the sweep has failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - begun


def enough(scenario: Path, folder: Path, seconds: float) -> int:
    """Return how many replications take that long."""
    few, more = 200, 2_200
    # The first one compiles what a fresh checkout has not compiled yet.
    timed(study(scenario, few), folder / "first")
    times = [timed(study(scenario, count), folder / f"{count}") for count in (few, more)]
    return round(more + (seconds - times[1]) * (more - few) / (times[1] - times[0]))


def interrupted(words: list[str], out: Path, cells: int) -> list[Ended]:
    """Start a sweep again and again, and end it before its time, at moments all over it."""
    drawn = random.Random(SEED)  # noqa: S311 - no secret
    found = []
    for number, how in enumerate(HOW):
        begun = time.perf_counter()
        sweep = start(words, out)
        # So many of the cells; whatever else the machine does takes no part in it.
        share = (number + 0.7 + 0.6 * drawn.random()) / (len(HOW) + 1)
        while sweep.poll() is None and len(finished(out)) < share * cells:
            time.sleep(_LOOK_S)
        if sweep.poll() is not None:
            sys.exit("the sweep has ended before it was interrupted")
        wait_s = time.perf_counter() - begun
        if how == "SIGKILL":
            sweep.kill()
        else:
            os.killpg(sweep.pid, getattr(signal, how))
        left = left_of(sweep)
        found.append(Ended(how, wait_s, sweep.returncode, len(finished(out)), left))
        sys.stderr.write(f"{found[-1]}\n")
    return found


def told(ends: list[Ended], whole_s: float, rest_s: float, cells: int, same: bool) -> str:
    all_s = sum(end.after_s for end in ends) + rest_s
    with_what = "the same bytes" if same else "**OTHER BYTES**"
    lines = [
        f"{NODES:,} nodes, {cells:,} cells, two workers. Measured on {machine()}.\n",
        "| interrupted by | after, s | exit code | cells finished | processes left after 5 s |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {end.how} | {end.after_s:.0f} | {end.code} | {end.cells:,} | {end.left} |"
            for end in ends
        ),
        f"| nothing | {rest_s:.0f} | 0 | {cells:,} | |",
        "",
        f"Undisturbed: {whole_s:.0f} s. Interrupted: {all_s:.0f} s, with {with_what}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of each sweep")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenario = written("plain", NODES, folder)
        words = study(scenario, enough(scenario, folder, given.minutes * 60))
        whole_s = timed(words, folder / "whole")
        cells = len(finished(folder / "whole"))
        ends = interrupted(words, folder / "cut", cells)
        rest_s = timed(words, folder / "cut")
        same = same_files(folder / "cut", folder / "whole")
    text = told(ends, whole_s, rest_s, cells, same)
    sys.stdout.write(text)
    if given.minutes >= MINUTES:
        between_marks("long", text, HERE)


if __name__ == "__main__":
    main()
