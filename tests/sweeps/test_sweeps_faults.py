"""Attacks on sweeps, each really made: nothing finished is lost, and nothing is left running.

One moment of each kind; `experiments/faults/run.py` makes as many as one likes.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

if os.name != "posix":
    pytest.skip("signals of POSIX", allow_module_level=True)

from support.attacks import ATTACKS, Moment, Whole, can_close, moments
from support.faults import length_of

pytestmark = pytest.mark.slow

TRIES = 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A dataset that nobody has disturbed, and how long its ledger has been."""
    out = tmp_path_factory.mktemp("whole") / "out"
    return Whole(out, length_of(out))


@pytest.mark.parametrize(
    ("attack", "moment"),
    [(attack, moment) for attack in ATTACKS for moment in moments(attack, TRIES)],
    ids=[f"{attack}-{at}" for attack in ATTACKS for at in range(TRIES)],
)
def test_nothing_finished_is_lost(
    attack: str, moment: Moment, whole: Whole, tmp_path: Path
) -> None:
    if "read-only" in attack and not can_close(tmp_path):
        pytest.skip("no folder can be closed to the superuser here")
    hit, codes = ATTACKS[attack]
    verdict = hit(tmp_path / "out", whole, moment)
    assert verdict.code in codes, verdict.errors
    assert "Traceback" not in verdict.errors
    assert (verdict.lost, verdict.left, verdict.whole) == (0, 0, True)
