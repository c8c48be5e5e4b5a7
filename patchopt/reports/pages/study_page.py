"""``report.md`` of a study: what was run, what came of it, what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from patchopt.reports.figures.scenario_figures import Picture
from patchopt.reports.numbers.bootstrap import CONFIDENCE, RESAMPLES
from patchopt.reports.numbers.study import MEASURES, OBJECTIVES, Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.pages.markdown import (
    code,
    digits_of,
    escape,
    number,
    percent,
    plural,
    table,
    with_interval,
)

_BOOTSTRAP: Final = f"""\
Every cell is a mean over replications with its {CONFIDENCE:.0%} bootstrap interval \
(percentile, {RESAMPLES:,} resamples).
"""
_STRATA: Final = f"""\
Every cell is a mean over replications with its {CONFIDENCE:.0%} interval. Where defects of \
releases were dealt out, replications have weights, and intervals are by the normal distribution \
over strata (Cochran), probabilities' too; what no replication of a stratum has shown counts as \
impossible there. Elsewhere they are bootstrap intervals (percentile, {RESAMPLES:,} resamples).
"""
_HOW_TO_READ: Final = """\
- **Total exposure** is exposure + residual exposure: a plan that is aborted early must not look \
good.
- **Gap** compares plans without failures: how far the exposure of a plan is above that of the \
best certified plan under the same rules, proven optimal or, with ~, the best that is known. \
**To bound** is the same against what is proven to be a lower bound for guarded plans of whole \
units. Plans that break constraints can be below both.
- **vs optimal** is the ratio of total exposures with failures, paired on the same seeds. \
**Variance saved** is what meeting the same luck takes off the variance of that difference: at \
75%, independent seeds would need four times as many replications.
- **p50, p95, p99** are quantiles over replications, **CVaR** is the mean of the worst 5%. \
**Any breach** is the probability of any downtime or violation, with its 95% interval \
(Wilson's, if every replication counts alike).
- **✓** marks the plans that are non-dominated over total exposure, downtime and completion time.
"""


def study_page(
    study: Study, results: Results, pictures: Mapping[str, Sequence[Picture]], links: str
) -> str:
    """Write the page of a study.

    Parameters
    ----------
    study : Study
        The dataset.
    results : Results
        Its numbers.
    pictures : mapping of str to sequence of Picture
        Figures of each scenario.
    links : str
        Folder of the figures, as seen from the page.

    Returns
    -------
    str
        Markdown.
    """
    dealt_out = bool((study.runs["stratum"] != 0).any())
    how = _STRATA if dealt_out else _BOOTSTRAP
    parts = ["# Study report\n", _what(study), *_failures(study), how, _HOW_TO_READ]
    for scenario in study.scenarios:
        parts += _scenario(results, scenario, pictures.get(scenario, ()), links)
    parts += ["## All numbers\n", _files(), "## Where this comes from\n", _provenance(study)]
    return "\n".join(parts)


def _what(study: Study) -> str:
    runs = study.runs
    per_plan = runs.groupby("plan").size()
    each = f"{per_plan.min():,}" if len(per_plan) else "0"
    if len(per_plan) and per_plan.min() != per_plan.max():
        each += f" to {per_plan.max():,}"
    what = (
        f"{plural(len(study.scenarios), 'scenario')}, "
        f"{plural(len(study.labels), 'strategy').replace('strategys', 'strategies')}, "
        f"{each} replications of each plan, {len(runs):,} in all.\n"
    )
    if not study.complete:
        what += "\n**The sweep was interrupted: this is what was finished until then.**\n"
    return what


def _failures(study: Study) -> list[str]:
    if study.failed.empty:
        return []
    rows = [
        [escape(str(row["scenario"])), escape(str(row["label"])), escape(str(row["error"]))]
        for row in study.failed.to_dict("records")
    ]
    return ["## What failed\n", table(["scenario", "strategy", "error"], rows)]


def _scenario(
    results: Results, scenario: str, pictures: Sequence[Picture], links: str
) -> list[str]:
    rows = results.summary_of(scenario).to_dict("records")
    parts = [f"## {escape(scenario)}\n", _optimum(results, scenario), _summary(rows), _tails(rows)]
    if scenario in results.fronts:
        front = results.fronts[scenario]
        parts.append(
            f"{int(front.non_dominated.sum())} of {len(front.non_dominated)} plans are "
            f"non-dominated; they dominate {percent(front.hypervolume)} of the box between the "
            "best values of all plans and a reference point 10% beyond the worst.\n"
        )
    for picture in pictures:
        shown = f"![{escape(f'{picture.kind} of {scenario}')}]({links}/{picture.png.name})"
        parts.append(f"{shown}\n\n*{escape(picture.caption)}*\n")
    return [*parts, _every_metric(results, rows)]


def _optimum(results: Results, scenario: str) -> str:
    told = []
    for reference in results.references[scenario].values():
        value = number(reference.objective, 3)
        if reference.proven:
            told.append(
                f"The plan of {code(reference.label)} is proven optimal: without failures its "
                f"exposure is {value} weight·s, and no guarded plan of whole units has less."
            )
        else:
            share = percent(1 - reference.bound / reference.objective if reference.objective else 0)
            told.append(
                f"The best certified plan is {code(reference.label)}, {value} weight·s without "
                f"failures; none can be below {number(reference.bound, 3)}, so at most {share} "
                "could be saved."
            )
    return ("\n\n".join(told) or "There is no certified plan to compare with.") + "\n"


def _summary(rows: Sequence[Mapping[Any, Any]]) -> str:
    header = [
        "",
        "strategy",
        "total exposure [weight·s]",
        "downtime [service·s]",
        "completion [s]",
        "violations",
        "patched",
        "aborted",
        "gap",
        "to bound",
        "vs optimal",
        "variance saved",
    ]
    return table(header, [_summary_row(row) for row in rows], range(2, len(header)))


def _summary_row(row: Mapping[Any, Any]) -> list[str]:
    if row["replications"] == 0:
        return ["", code(row["label"]), "failed", *[""] * 9]
    about = "" if row["optimum_proven"] or pd.isna(row["gap_to_optimum"]) else "~"
    return [
        "✓" if row["non_dominated"] else "",
        code(row["label"]),
        *(
            with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"], 0)
            for name in OBJECTIVES
        ),
        number(row["incompatibility_violations"], 2),
        percent(row["patched_share"]),
        percent(row["aborted"]),
        about + percent(row["gap_to_optimum"]),
        percent(row["gap_to_bound"]),
        _percent_interval(row, "relative_to_optimal"),
        percent(row["variance_saved"]),
    ]


def _tails(rows: Sequence[Mapping[Any, Any]]) -> str:
    kinds = {"p50": "p50", "p95": "p95", "p99": "p99", "cvar95": "CVaR"}
    header = [
        "strategy",
        *(f"exposure {shown}" for shown in kinds.values()),
        *(f"downtime {shown}" for shown in kinds.values()),
        "any breach",
    ]
    lines = [
        [
            code(row["label"]),
            *(number(row[f"{name}_{k}"]) for name in ("total_exposure", "downtime") for k in kinds),
            _percent_interval(row, "breach"),
        ]
        for row in rows
        if row["replications"]
    ]
    if not lines:
        return ""
    told = "Tails: total exposure [weight·s] and downtime [service·s] where luck is bad.\n\n"
    return told + table(header, lines, range(1, len(header)))


def _percent_interval(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return "–" if pd.isna(value) else f"{with_interval(value, low, high, 1)} %"


def _every_metric(results: Results, rows: Sequence[Mapping[Any, Any]]) -> str:
    done = [row for row in rows if row["replications"]]
    if not done:
        return ""
    found = results.estimates.set_index(["plan", "metric"])
    lines = []
    for metric in MEASURES:
        cells = []
        for row in done:
            one = found.loc[(row["plan"], metric.name)]
            digits = digits_of(metric, whole=False)
            cells.append(with_interval(one["mean"], one["low"], one["high"], digits))
        lines.append([code(metric.name), metric.unit, *cells])
    header = ["metric", "unit", *(code(row["label"]) for row in done)]
    body = table(header, lines, range(2, len(header)))
    return f"<details><summary>Every metric of every strategy</summary>\n\n{body}\n</details>\n"


def _files() -> str:
    rows = [
        ["`tables/summary`", "the tables above, a row a plan, with more digits and columns"],
        ["`tables/metrics`", "mean and interval of every metric of every plan"],
        ["`tables/fronts`", "hypervolume, ideal, worst and reference point of every scenario"],
        ["`figures/`", "every figure as PNG and as PDF"],
    ]
    return table(["file (CSV and Parquet)", "what it holds"], rows)


def _provenance(study: Study) -> str:
    given = study.metadata
    versions = json.loads(given["versions"])
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    rows = [
        ["configuration", f"SHA-256 {code(given['config_sha256'])}"],
        ["versions", escape(packages)],
        ["commit", code(given["git_commit"]) if given["git_commit"] else "none"],
        ["schema of the dataset", f"version {escape(given['schema_version'])}"],
    ]
    return table(["", ""], rows)
