"""Mutate one module after another and see which changes the fast tests notice; see README.md."""

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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("conf", "patchopt", "scenarios", "tests", "pyproject.toml")

#: `int | None` is an annotation nearly everywhere, and no test can notice another one.
LEFT_OUT = ["core/ReplaceBinaryOperator_BitOr_.*"]

CONFIG = """\
[cosmic-ray]
module-path = {module}
timeout = {each:.1f}
excluded-modules = []
test-command = {tests}

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = {left_out}
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


def command_of(tests: list[str]) -> str:
    # Uncompiled, hashes wrap around with a warning; every other warning stays an error.
    options = "-x -q -n0 -m 'not slow' -p no:cacheprovider -W ignore::RuntimeWarning"
    return f"{sys.executable} -m pytest {options} {' '.join(tests)}"


def call(words: list[str], folder: Path, limit_s: float | None = None) -> str:
    """Run a command in the copy, nothing compiled; its failure is the end."""
    surroundings = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(folder),
    }
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit_s)
    except BaseException:
        # Out of time or Ctrl-C: the tests of the mutant at hand end as well.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}\n{out[-3000:]}\n{err[-3000:]}")
    return out


def judge(
    cosmic_ray: Path, module: Path, tests: list[str], total_s: float
) -> tuple[Counter[str], list[str]]:
    """Return how many mutants of a module came to which end, and those that lived."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as passing:
        folder = Path(passing)
        copy_of_the_checkout(folder)
        begun = time.monotonic()
        call(["sh", "-c", command_of(tests)], folder)
        # Three times as long as unchanged: what takes longer has no end.
        each_s = 5 + 3 * (time.monotonic() - begun)
        config, session = str(folder / "config.toml"), str(folder / "session.sqlite")
        text = CONFIG.format(
            module=json.dumps(str(module)),
            each=each_s,
            tests=json.dumps(command_of(tests)),
            left_out=json.dumps(LEFT_OUT),
        )
        Path(config).write_text(text, encoding="utf-8")
        call([str(cosmic_ray), "init", config, session], folder)
        call([str(cosmic_ray.with_name("cr-filter-operators")), session, config], folder)
        try:
            call([str(cosmic_ray), "exec", config, session], folder, total_s)
        except subprocess.TimeoutExpired:
            print(f"{module}: stopped after {total_s:.0f} s")
        return count(call([str(cosmic_ray), "dump", session], folder))


def count(dump: str) -> tuple[Counter[str], list[str]]:
    """Read a session of Cosmic Ray: an item of work and its result a line."""
    found: Counter[str] = Counter()
    survivors = []
    for line in dump.splitlines():
        item, result = json.loads(line)
        if result is None:
            found["not run"] += 1
        elif result["worker_outcome"] == "skipped":
            found["left out"] += 1
        elif str(result["output"]).startswith("timeout"):
            found["timeout"] += 1
        else:
            found[str(result["test_outcome"])] += 1
            if result["test_outcome"] == "survived":
                survivors += [
                    f"{change['module_path']}:{change['start_pos'][0]} {change['operator_name']}"
                    for change in item["mutations"]
                ]
    return found, survivors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="+", type=Path, help="as patchopt/files/output.py")
    parser.add_argument("--cosmic-ray", type=Path, required=True, help="its executable")
    parser.add_argument("--seconds", type=float, default=1200, help="at most, for each module")
    parser.add_argument("--tests", nargs="+", help="instead of those of the module's room")
    given = parser.parse_args()
    for module in given.modules:
        tests = given.tests or tests_of(module)
        found, survivors = judge(given.cosmic_ray.absolute(), module, tests, given.seconds)
        ends = ", ".join(f"{number} {what}" for what, number in sorted(found.items()))
        print(f"{module}: {ends}", *(f"  survived: {line}" for line in survivors), sep="\n")


if __name__ == "__main__":
    main()
