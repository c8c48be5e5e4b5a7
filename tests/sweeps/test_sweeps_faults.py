"""Attacks on sweeps, each really made: nothing finished is lost, and nothing is left running.

Three moments of each kind here; `PATCHOPT_FAULT_TRIES=20` asks for as many as one likes.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from patchopt.files.dataset import read_dataset
from support.faults import (
    family,
    finished,
    length_of,
    moments,
    none_left,
    ran,
    same_files,
    started,
    wait_until,
    workers,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX"),
]

TRIES = int(os.environ.get("PATCHOPT_FAULT_TRIES", "3"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A dataset that nobody has disturbed, and how long its ledger has been."""
    out = tmp_path_factory.mktemp("whole") / "out"
    return out, length_of(out)


def check_kept(out: Path, before: list[object], undisturbed: Path) -> None:
    """Go on with a sweep: what was finished is kept as it was, and the whole is the same."""
    code, printed, errors = ran(out)
    assert (code, printed) == (0, f"60000 replications of 3 plans: {out}\n"), errors
    after = finished(out)
    assert all(cell in after for cell in before)
    assert same_files(out, undisturbed)


@pytest.mark.parametrize("moment", moments(TRIES, seed=1))
def test_a_sweep_that_is_killed(
    whole: tuple[Path, int], tmp_path: Path, moment: tuple[float, float]
) -> None:
    out = tmp_path / "out"
    with started(out) as sweep:
        wait_until(sweep, out, moment[0], whole[1])
        time.sleep(moment[1])
        children = family(sweep.pid)
        sweep.kill()
        sweep.wait()
        assert none_left(children)
    before: list[object] = list(finished(out))
    check_kept(out, before, whole[0])


@pytest.mark.parametrize("moment", moments(TRIES, seed=2))
def test_a_worker_that_is_killed(
    whole: tuple[Path, int], tmp_path: Path, moment: tuple[float, float]
) -> None:
    out = tmp_path / "out"
    with started(out) as sweep:
        wait_until(sweep, out, moment[0], whole[1])
        time.sleep(moment[1])
        for worker in workers(sweep.pid)[:1]:
            worker.kill()
        printed, errors = sweep.communicate()
    assert (sweep.returncode, printed) == (0, f"60000 replications of 3 plans: {out}\n"), errors
    assert same_files(out, whole[0])


@pytest.mark.parametrize("moment", moments(TRIES, seed=3))
@pytest.mark.parametrize(
    ("signals", "code"),
    [((signal.SIGINT,), 130), ((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGTERM,), 143)],
    ids=["once", "twice", "terminated"],
)
def test_a_sweep_that_is_interrupted(
    whole: tuple[Path, int],
    tmp_path: Path,
    moment: tuple[float, float],
    signals: tuple[signal.Signals, ...],
    code: int,
) -> None:
    out = tmp_path / "out"
    with started(out) as sweep:
        wait_until(sweep, out, moment[0], whole[1])
        time.sleep(moment[1])
        children = family(sweep.pid)
        for number in signals:
            os.killpg(sweep.pid, number)
            time.sleep(0.05)
        _, errors = sweep.communicate()
        assert none_left(children)
    if sweep.returncode != 0:  # it may have come to its end before
        assert sweep.returncode == code, errors
        assert "Traceback" not in errors
    before: list[object] = list(finished(out))
    if before:
        assert len(read_dataset(out).runs) == sum(cell.rows for cell in finished(out))
    check_kept(out, before, whole[0])
