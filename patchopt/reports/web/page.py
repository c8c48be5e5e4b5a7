"""``index.html`` put together: style, program, charts and data in one file, no network."""

from __future__ import annotations

import base64
import gzip
import html
import json
from importlib.resources import files
from typing import Any, Final

from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.web.data import study_data

_HERE: Final = "patchopt.reports.web"
#: The library of charts, as its package has it.
_CHARTS: Final = ("plotly", "package_data", "plotly.min.js")


def index_page(study: Study, results: Results, title: str = "patchopt study") -> str:
    """Write the page of a study.

    Parameters
    ----------
    study : Study
        What was measured.
    results : Results
        Its numbers.
    title : str
        Of the page.

    Returns
    -------
    str
        HTML that loads nothing. Data and the library of charts are packed (gzip, base64), and
        unpacked by the browser. The same study gives the same bytes.
    """
    data = json.dumps(study_data(study, results), separators=(",", ":"), allow_nan=False)
    parts = {
        "{{title}}": html.escape(title),
        "{{style}}": _asset("page.css"),
        "{{program}}": "\n".join(_asset(name) for name in ("page.js", "charts.js", "replay.js")),
        "{{data}}": _packed(data.encode()),
        "{{charts}}": _packed(charts()),
    }
    page = _asset("page.html")
    for mark, text in parts.items():
        page = page.replace(mark, text)
    return page


def charts() -> bytes:
    """Return the program of the library of charts."""
    package, *inside = _CHARTS
    return files(package).joinpath(*inside).read_bytes()


def _asset(name: str) -> str:
    return files(_HERE).joinpath(name).read_text(encoding="utf-8")


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


def unpacked(text: str) -> Any:
    """Return packed data again, for whoever reads a page by program.

    Examples
    --------
    >>> unpacked(_packed(b'{"complete": true}'))
    {'complete': True}
    """
    return json.loads(gzip.decompress(base64.b64decode(text)))
