"""The table of the optimiser's rivals: their plans and bounds, relative to the optimiser's."""

from __future__ import annotations

from typing import Any

from optimiser_reach import TIME_S, rows, seeds_of
from rival_runs import RIVALS

Line = dict[str, Any]


def table(lines: list[Line], ours: list[Line]) -> str:
    """Return the table of all rows on which both the optimiser and rivals have been."""
    heads = [
        "nodes",
        "family",
        "seed",
        "objective, weight·s",
        "gap, %",
        *RIVALS,
        "best plan",
        "best bound",
    ]
    rules = ["---:", "---", "---:", "---:", "---:", *("---:" for _ in RIVALS), "---", "---"]
    found = []
    for nodes, family in rows():
        row = (family, nodes, seeds_of(family)[0], TIME_S[nodes])
        own = next((line for line in ours if _row(line) == row), None)
        others = {line["rival"]: line for line in lines if _row(line) == row}
        if own is not None and others:
            found.append(_told(own, others))
    machines = sorted({line["machine"] for line in lines})
    packages = sorted({f"{k} {v}" for line in lines for k, v in line["packages"].items()})
    about = f"{', '.join(packages)}. Measured on {'; '.join(machines)}.\n"
    return "\n".join([about, _line(heads), _line(rules), *found]) + "\n"


def _row(line: Line) -> tuple[Any, ...]:
    return line["family"], line["nodes"], line["seed"], line["time_s"]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _told(own: Line, others: dict[str, Line]) -> str:
    cells = [
        f"{own['nodes']:,}",
        own["family"],
        str(own["seed"]),
        f"{own['objective'] / 1000:,.1f}",
        f"{100 * own['gap']:.2f}",
        *(_beside(own, others.get(name)) for name in RIVALS),
        _best(own, others, "objective", min),
        _best(own, others, "bound", max),
    ]
    return _line(cells)


def _beside(own: Line, other: Line | None) -> str:
    """Say how far a rival's plan and bound are from ours, in percent."""
    if other is None:
        return ""
    plan, bound = (_percent(own[what], other[what]) for what in ("objective", "bound"))
    wrong = "" if other["valid"] is not False else " NOT VALID"
    unfit = "" if other["fits"] is not False else " put right"
    return f"{plan} / {bound}{wrong}{unfit}"


def _percent(own: int, other: int | None) -> str:
    return "–" if other is None else f"{100 * (other / own - 1):+.2f}"


def _best(own: Line, others: dict[str, Line], what: str, choose: Any) -> str:
    """Say whose plan or bound is best: ours where none is better."""
    values = {name: line[what] for name, line in others.items() if line[what] is not None}
    best = choose([own[what], *values.values()])
    if best == own[what]:
        return "ours"
    return ", ".join(name for name, value in values.items() if value == best)
