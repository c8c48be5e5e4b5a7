"""Small sweeps run on the plain loop, since compiling takes longer; what comes out is the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from patchopt.sweeps import stages, sweep

pytestmark = pytest.mark.slow

STUDY = (
    "sweep.scenarios=[ha_microservices,risky_patch]",
    "sweep.strategies=[rolling,{name: canary, share: 0.2}]",
    "failures=independent",
    "sweep.seed=[3,4]",
    "sweep.replications=6",
)


def test_the_plain_loop_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep([*STUDY, f"sweep.out={tmp_path / 'plain'}", "parallel.n_jobs=1"])
    monkeypatch.setattr(stages, "is_little", lambda work: False)
    sweep([*STUDY, f"sweep.out={tmp_path / 'compiled'}", "parallel.n_jobs=1"])
    for table in ("runs", "plans", "events"):
        plain, compiled = (
            (tmp_path / kind / f"{table}.parquet").read_bytes() for kind in ("plain", "compiled")
        )
        assert plain == compiled, table


@pytest.mark.parametrize(("replications", "compiles"), [(6, False), (2000, True)])
def test_only_what_is_worth_it_is_compiled(
    tmp_path: Path, replications: int, compiles: bool
) -> None:
    program = (
        "import sys; from patchopt.sweeps import sweep; sweep(sys.argv[1:]);"
        "kernel = sys.modules.get('patchopt.simulator.loop.kernel');"
        "print(hasattr(getattr(kernel, 'run', None), 'signatures'))"
    )
    done = subprocess.run(
        [
            sys.executable, "-c", program, *STUDY, f"sweep.out={tmp_path / 'out'}",
            f"sweep.replications={replications}", "parallel.n_jobs=1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout.split()[-1] == str(compiles), done.stderr
