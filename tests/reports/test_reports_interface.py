"""What the room offers, and what it does not load before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from patchopt import reports

LOOK = """
import sys
from patchopt.reports import plan_page, run_report
print(*sorted({"pandas", "matplotlib", "moocore", "pyarrow"} & sys.modules.keys()))
"""


def test_everything_that_is_offered_is_there() -> None:
    for name in reports.__all__:
        found = getattr(reports, name)
        assert found.__name__ == name
        assert found.__module__.startswith("patchopt.reports.")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = reports.nothing


def test_the_page_of_a_plan_needs_neither_tables_nor_figures() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
