"""Sweeps on Ray, where it is installed: same bytes, and a killed worker loses nothing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from support.faults import alive, family, length_of, ran, same_files, started, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs patchopt[ray]"),
]


def at_work(pid: int) -> list[psutil.Process]:
    found = []
    for process in family(pid):
        try:
            found += [process] if "ray::" in " ".join(process.cmdline()) else []
        except psutil.Error:
            continue
    return found


def test_ray_gives_the_bytes_of_a_sweep_here_whoever_is_killed(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    length = length_of(whole)
    code, _, errors = ran(tmp_path / "ray", "parallel=ray")
    assert code == 0, errors
    assert same_files(tmp_path / "ray", whole)
    for share in (0.2, 0.6):
        out = tmp_path / f"killed-{share}"
        with started(out, "parallel=ray") as sweep:
            wait_until(sweep, out, share, length)
            killed = [worker for worker in at_work(sweep.pid) if "run_errand" in worker.name()]
            for worker in killed[:1] or at_work(sweep.pid)[:1]:
                worker.kill()
            _, errors = sweep.communicate()
        assert sweep.returncode == 0, errors
        assert "Traceback" not in errors
        assert same_files(out, whole)


def test_workers_of_ray_end_with_the_sweep_that_started_them(tmp_path: Path) -> None:
    """Ray's own agents do not, if the sweep is killed: see docs/clusters.md."""
    out = tmp_path / "out"
    with started(out, "parallel=ray") as sweep:
        wait_until(sweep, out, 0.1, 1000)
        children = family(sweep.pid)
        agents = [child for child in children if "Agent" in child.name()]
        others = [child for child in children if child not in agents]
        assert len(others) >= 2
        sweep.kill()
        sweep.wait()
        assert alive(others) == []
        for agent in agents:
            agent.kill()


def test_nobody_at_the_address_is_told_of(tmp_path: Path) -> None:
    flags = ("parallel=ray", "parallel.address=127.0.0.1:1", "parallel.wait=1s")
    code, _, errors = ran(tmp_path / "out", *flags)
    assert code == 2, errors
    assert "no scheduler can be reached there" in errors
    assert "Traceback" not in errors
