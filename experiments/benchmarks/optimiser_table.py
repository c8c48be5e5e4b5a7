"""The table of the optimiser's benchmark: a row a size and family, over its seeds."""

from __future__ import annotations

from statistics import median
from typing import Any

from optimiser_reach import MEMORY_MB, TIME_S, reach_of, rows

from patchopt.generate import FAMILIES

Line = dict[str, Any]

HEAD = (
    "nodes | family | seeds | gap, median / worst, % | without claims, % | reach | met "
    "| proven | first list, % | seconds | CPU-s | MB | valid | simulated"
)
RULE = "---: | --- | ---: | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---"


def table(lines: list[Line]) -> str:
    """Return the table of all lines that took their row's own time."""
    found = [row for nodes, family in rows() if (row := _row(nodes, family, lines))]
    machines = sorted({f"{line['machine']}, {line['system']}" for line in lines})
    told = f"Two workers, compiled code loaded. Measured on {'; '.join(machines)}.\n"
    return "\n".join([told, f"| {HEAD} |", f"| {RULE} |", *found]) + "\n"


def _row(nodes: int, family: str, lines: list[Line]) -> str | None:
    ours = [
        line
        for line in lines
        if (line["nodes"], line["family"], line["time_s"]) == (nodes, family, TIME_S[nodes])
    ]
    if not ours:
        return None
    gaps = [round(100 * line["gap"], 9) for line in ours]  # 3.5 is not above 3.5
    reach = reach_of(family, nodes)
    # Where a search has proved the bound, prices alone show less, and that is no matter of claims.
    claimed = FAMILIES[family].strict and any(line["claims"] for line in ours)
    seeds = [line["seed"] for line in ours]
    cells = [
        f"{nodes:,}",
        family,
        f"{len(seeds)} ({min(seeds)}-{max(seeds)})",
        _pair(gaps),
        _pair([_shown_gap(line) for line in ours]) if claimed else "",
        str(reach) if reach else "said",
        _met(nodes, gaps, ours),
        f"{sum(line['status'] == 'optimal' for line in ours)}",
        f"{median(_first_gap(line) for line in ours):.2f}",
        f"{median(line['seconds'] for line in ours):.1f}",
        f"{median(line['cpu_s'] for line in ours):.1f}",
        f"{max(line['memory_mb'] for line in ours):,}",
        _all(line["valid"] for line in ours),
        _all(line["simulated"] for line in ours),
    ]
    return f"| {' | '.join(cells)} |"


def _pair(percents: list[float]) -> str:
    return f"{median(percents):.2f} / {max(percents):.2f}"


def _shown_gap(line: Line) -> float:
    """Return the gap that is shown without any claim, in percent."""
    shown = min(line["shown"], line["bound"])
    return 100 * (line["objective"] - shown) / line["objective"]


def _first_gap(line: Line) -> float:
    """Return how far the best list to start from is above the bound, in percent."""
    return 100 * (line["first"] - line["bound"]) / line["first"]


def _met(nodes: int, gaps: list[float], ours: list[Line]) -> str:
    """Say whether a row reaches what it is to; five seeds are the least that can."""
    family = ours[0]["family"]
    reach = reach_of(family, nodes)
    if reach is None:
        return ""
    small = max(line["memory_mb"] for line in ours) <= MEMORY_MB.get(nodes, float("inf"))
    held = all(line["valid"] and line["simulated"] is not False for line in ours)
    if not (small and held and reach.met(median(gaps), max(gaps))):
        return "no"
    return "yes" if len(ours) >= 5 else f"so far, {len(ours)} of 5"


def _all(values: Any) -> str:
    """Say yes if all are true, how many are not otherwise; nothing where nothing was looked at."""
    looked = [value for value in values if value is not None]
    if not looked:
        return ""
    false = sum(not value for value in looked)
    return f"{false} NOT" if false else "yes"
