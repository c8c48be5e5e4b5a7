"""Whoever only reads how plans are sought, or compares numbers, waits for no compiler."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["patchopt.stochastic.gaps", "patchopt.strategies.expected", "patchopt.sweeps.cells"],
)
def test_no_compiler_is_loaded(module: str) -> None:
    program = f"import sys, {module}; print(*{{'numba', 'ortools', 'scipy'}} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
