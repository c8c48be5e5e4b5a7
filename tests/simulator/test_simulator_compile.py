"""Little work is done by the plain loop, which needs no compiler; much by the compiled one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from patchopt.compiling.jit import is_kept
from patchopt.simulator.loop import compile as compile_module
from patchopt.simulator.loop import draws
from patchopt.simulator.loop.compile import compiled, fitting, uncompiled
from support.contract import infrastructure_of
from support.examples import small


def scenario(**more: Any) -> dict[str, Any]:
    return small({"a": {}, "b": {}}, edges=[("a", "b")], max_retries=1) | more


@pytest.mark.parametrize(("kept", "most"), [(True, 1_666), (False, 10_000)])
def test_the_loop_fits_the_work(*, kept: bool, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # 2 nodes and 1 edge, 2 attempts each: 6 a replication, 1,666 of them in 10,000; in 60,000,
    # if the loop has never been compiled, 10,000.
    monkeypatch.setattr(compile_module, "is_kept", lambda *_: kept)
    quiet = infrastructure_of(scenario())
    assert fitting(quiet, 1) is uncompiled()
    assert fitting(quiet, most) is uncompiled()
    assert fitting(quiet, most + 1) is compiled()


def test_what_is_compiled_is_found_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    here = Path(draws.__file__).parent
    assert not is_kept(here, "draws.draw")
    prints("from patchopt.simulator.loop.draws import draw; draw(1, 2, 3, 4)")
    assert is_kept(here, "draws.draw")
    assert not is_kept(here, "kernel.run")


@pytest.mark.parametrize("environment", [{"repair": 60}, {"crash": {"mtbf": "2d"}}])
def test_what_happens_by_itself_has_no_known_size(environment: dict[str, Any]) -> None:
    assert fitting(infrastructure_of(scenario(environment=environment)), 1) is compiled()


def prints(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_little_work_needs_no_compiler() -> None:
    script = """
import sys
import patchopt
scenario = patchopt.load_scenario("compatibility")
plan = patchopt.plan(scenario, "rolling")
outcome = patchopt.simulate(scenario, plan, seed=1, replications=3)
print("numba" in sys.modules)
"""
    assert prints(script) == "False"


@pytest.mark.parametrize("before", ["import patchopt.simulator.loop.kernel", ""])
def test_the_plain_loop_leaves_no_plain_modules_behind(before: str) -> None:
    script = f"""
{before}
from patchopt.simulator.loop.compile import uncompiled
uncompiled()
from patchopt.simulator.loop import draws, kernel
from patchopt.simulator.loop.attempts import is_unlucky
print(*(hasattr(function, "py_func") for function in (draws.draw, kernel.run, is_unlucky)))
"""
    assert prints(script) == "True True True"
