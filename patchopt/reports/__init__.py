"""The report: from datasets of sweeps to statistics, tables, figures and a page.

Also the pages of single plans and runs. Everything is imported when it is first asked
for: the page of a plan needs neither pandas nor Matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from patchopt.reports.numbers.folders import dataset_folders
    from patchopt.reports.numbers.summary import summarise
    from patchopt.reports.pages.run_page import plan_page, run_report
    from patchopt.reports.write import ReportResult, write_report

__all__ = [
    "ReportResult",
    "dataset_folders",
    "plan_page",
    "run_report",
    "summarise",
    "write_report",
]

_PLACES: Final = {
    "ReportResult": "write",
    "dataset_folders": "numbers.folders",
    "plan_page": "pages.run_page",
    "run_report": "pages.run_page",
    "summarise": "numbers.summary",
    "write_report": "write",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'patchopt.reports' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"patchopt.reports.{_PLACES[name]}"), name)
