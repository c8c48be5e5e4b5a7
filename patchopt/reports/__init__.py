"""The report: from datasets of sweeps to statistics, tables, figures and a page.

Also the pages of single plans and runs. Everything is imported when it is first asked
for: the page of a plan needs neither pandas nor Matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.lazily import lazily

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

__getattr__ = lazily(
    __name__,
    {
        "ReportResult": "write",
        "dataset_folders": "numbers.folders",
        "plan_page": "pages.run_page",
        "run_report": "pages.run_page",
        "summarise": "numbers.summary",
        "write_report": "write",
    },
)
