"""Mutate modules and see which changes the fast tests notice; see README.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("conf", "docs", "patchopt", "scenarios", "tests", "pyproject.toml", "README.md")
#: Imported once for all mutants of a module; nothing of patchopt may be among them.
HEAVY = (
    "hydra",
    "hypothesis",
    "matplotlib.pyplot",
    "networkx",
    "numba",
    "ortools.sat.python.cp_model",
)
HEAVY += (
    "pandas",
    "pyarrow.parquet",
    "pydantic",
    "pytest",
    "scipy.stats",
    "simpy",
    "typer.testing",
)

#: What a worker does: import, then a child for each mutant, which it waits for.
WORKER = """
import importlib, json, os, signal, sys, time, warnings
sys.dont_write_bytecode = True
module, seconds, *tests = sys.argv[1:]
for name in {heavy!r}:
    importlib.import_module(name)
import pytest
options = ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist"]
# Uncompiled, hashes wrap around with a warning; plugins are there before pytest looks for them.
options += ["-W", "ignore::RuntimeWarning", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
original = open(module, encoding="utf-8").read()
for line in sys.stdin:
    given = json.loads(line)
    with open(module, "w", encoding="utf-8") as handle:
        handle.write(given["source"] if given["source"] is not None else original)
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        os._exit(int(pytest.main([*options, *tests])))
    until, status = time.monotonic() + float(seconds), None
    while status is None and time.monotonic() < until:
        done, found = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(found) if done else None
        time.sleep(0.02)
    if status is None:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    told = {{"line": given["line"], "operator": given["operator"], "status": status}}
    print(json.dumps(told), flush=True)
"""


def copy_of_the_checkout(folder: Path) -> None:
    """Copy what tests need: mutants are written into files, and not into the checkout's."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def tests_of(module: Path) -> list[str]:
    """Return the tests that concern a module: those of its room, but of the compiler."""
    room = module.parts[1]
    return sorted(
        str(path.relative_to(ROOT))
        for path in ROOT.glob(f"tests/{room}/test_{room}_*.py")
        if not path.stem.endswith("_compile")  # nothing is compiled here
    )


def judge(given: argparse.Namespace, module: Path) -> str:
    """Return in words how the mutants of a module came out."""
    listing = [str(given.python), str(Path(__file__).with_name("mutants.py")), str(ROOT / module)]
    listed = subprocess.run(
        [*listing, str(given.most), str(given.seed)], check=True, capture_output=True, text=True
    )
    head, *mutants = listed.stdout.splitlines()
    unchanged = json.dumps({"line": 0, "operator": "none", "source": None})
    tests = given.tests or tests_of(module)
    with tempfile.TemporaryDirectory(prefix="mutants-") as passing:
        folder = Path(passing)
        copy_of_the_checkout(folder)
        worker = [sys.executable, "-c", WORKER.format(heavy=HEAVY), str(module), str(given.each)]
        surroundings = {
            **os.environ,
            "NUMBA_DISABLE_JIT": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{folder}:{folder / 'tests'}",
        }
        process = subprocess.Popen(
            [*worker, *tests],
            cwd=folder,
            env=surroundings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        found = _ends(process, [unchanged, *mutants], given.seconds)
    if not found or found[0]["status"] != 0:
        return f"{module}: the tests fail unchanged, or take too long: {found[:1]}"
    return _in_words(module, json.loads(head)["all"], found[1:])


def _ends(
    process: subprocess.Popen[str], mutants: list[str], total_s: float
) -> list[dict[str, object]]:
    """Give a worker one mutant after another until the time is over."""
    assert process.stdin is not None
    assert process.stdout is not None
    begun, found = time.monotonic(), []
    try:
        for mutant in mutants:
            if time.monotonic() - begun > total_s:
                break
            process.stdin.write(f"{mutant}\n")
            process.stdin.flush()
            found.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return found


def _in_words(module: Path, every: int, found: list[dict[str, object]]) -> str:
    ends = Counter(
        "timeout" if end["status"] is None else "survived" if end["status"] == 0 else "killed"
        for end in found
    )
    alive = [f"  survived: {module}:{e['line']} {e['operator']}" for e in found if e["status"] == 0]
    counts = ", ".join(f"{ends[end]} {end}" for end in ("killed", "timeout", "survived"))
    return "\n".join([f"{module}: {len(found)} of {every} mutants: {counts}", *sorted(alive)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+", type=Path, help="as patchopt/files/output.py")
    parser.add_argument("--python", type=Path, required=True, help="of Cosmic Ray's environment")
    parser.add_argument("--most", type=int, default=40, help="mutants of a module, drawn by lot")
    parser.add_argument("--seed", type=int, default=0, help="of the lot")
    parser.add_argument("--each", type=float, default=90, help="seconds that a mutant may take")
    parser.add_argument("--seconds", type=float, default=300, help="at most, for each module")
    parser.add_argument("--tests", nargs="+", help="instead of those of the module's room")
    parser.add_argument("--workers", type=int, default=2, help="modules at a time")
    given = parser.parse_args()
    with ThreadPoolExecutor(given.workers) as pool:
        for told in pool.map(lambda module: judge(given, module), given.modules):
            print(told, flush=True)


if __name__ == "__main__":
    main()
