"""``report.md`` of a study: what was run, what came of it, what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from patchopt.model.metrics import NUMERIC_METRICS
from patchopt.reports.figures.scenario_figures import Picture
from patchopt.reports.numbers.bootstrap import BY_STUDENT
from patchopt.reports.numbers.gaps import gap
from patchopt.reports.numbers.hypervolumes import VOLUMES
from patchopt.reports.numbers.resampling import CONFIDENCE, RESAMPLES
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.numbers.verdict import verdict
from patchopt.reports.pages.front_section import non_dominated
from patchopt.reports.pages.markdown import (
    code,
    digits_of,
    escape,
    number,
    percent,
    table,
    with_interval,
)
from patchopt.reports.pages.study_tables import beside_bound, tails, with_failures, without_failures
from patchopt.wording import plural

_HOW: Final = f"""\
Every cell is a mean over replications with its {CONFIDENCE:.0%} interval: below \
{BY_STUDENT:,} replications that of the bootstrap, corrected for bias and skewness (BCa, \
{RESAMPLES:,} resamples), else Student's. Ratios have the paired bootstrap-t, quantiles those of \
order statistics, CVaR the percentile bootstrap, probabilities Wilson's.
"""
_STRATA: Final = f"""\
Where defects of releases were dealt out, replications have weights. Intervals are by the normal \
distribution over strata (Cochran), probabilities' too, of quantiles by Woodruff; what no \
replication of a stratum has shown counts as impossible there. Elsewhere: {_HOW[:1].lower()}\
{_HOW[1:]}"""
_HOW_TO_READ: Final = f"""\
- Every number is taken over the whole observation, to the horizon or to the end of the plan, \
whichever is later. **Total exposure** counts what is exposed until then, so a plan that is \
aborted early does not look good.
- **Downtime** is all time below min_up, also by leave of the plan; what no running step allows is \
**unplanned**.
- **Gap** is (value - bound) / value, as in certificates: how much of the exposure that a plan has \
without failures could be saved at most. The bound is proven for guarded plans of whole units, so \
plans that break constraints have no gap.
- The **nominal optimum** is the plan of least exposure without failures, proven or, with ~, the \
best that is known.
- **vs nominal optimum** is the ratio of total exposures with failures, paired under the same \
luck. **Variance saved** is what that takes off the variance of their difference: at 75%, \
independent draws would need four times as many replications.
- The **wait-and-see bound** is what nobody is below who knows all failures and times \
beforehand; it holds for all guarded plans of whole units and all policies, replication by \
replication. **95%: at most** is the one-sided limit of the ratio of means.
- A plan **breaks** what it does not keep even if nothing fails and nothing takes too long. \
Such plans stand apart, below the others, and are never non-dominated.
- **Beyond horizon** is the share of replications whose plan ends after the horizon; they are \
observed longer than the others. A **bold** completion without failures is after it too.
- **p50, p95, p99** are quantiles over replications, **CVaR** is the mean of the worst 5%. \
**Any breach** is the probability of any unplanned downtime, violation or overrun of a limit.
- **✓** marks the plans that are **non-dominated** among those that break nothing: no other is as \
good in every objective and better in one. Objectives are those of total exposure, unplanned \
downtime, lost capacity, surge node seconds and completion time in which these plans differ. \
**Stays non-dominated**: in what share of {RESAMPLES:,} resamples of the replications, the same \
ones for every plan.
- **Hypervolume** is the share of the box from 0 to the reference that some plan dominates. The \
reference is what comes of it if nothing is patched and everything stands still to the horizon, \
unless one is given; what is beyond it adds nothing. A plan **adds** what would be lost without \
it. Limits are the percentiles of {VOLUMES:,} of these resamples.
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
    dealt_out = any(study.column(plan, "stratum").any() for plan in study.counts)
    how = _STRATA if dealt_out else _HOW
    parts = ["# Study report\n", *_verdicts(study, results), _what(study), *_failures(study)]
    parts += [how, _HOW_TO_READ]
    for scenario in study.scenarios:
        parts += _scenario(results, scenario, pictures.get(scenario, ()), links)
    parts += ["## All numbers\n", _files(), "## Where this comes from\n", _provenance(study)]
    return "\n".join(parts)


def _verdicts(study: Study, results: Results) -> list[str]:
    """Say first where a plan is better under failures than the nominal optimum."""
    told = []
    for scenario in study.scenarios:
        found = verdict(results.summary_of(scenario).to_dict("records"), code)
        if found:
            told.append(f"**{escape(scenario)}: {found}**\n")
    return told


def _what(study: Study) -> str:
    counts = study.counts.values()
    each = f"{min(counts, default=0):,}"
    if counts and min(counts) != max(counts):
        each += f" to {max(counts):,}"
    what = (
        f"{plural(len(study.scenarios), 'scenario')}, "
        f"{plural(len(study.labels), 'strategy').replace('strategys', 'strategies')}, "
        f"{each} replications of each plan, {sum(counts):,} in all.\n"
    )
    if not study.complete:
        what += "\n**The sweep is not finished: this is as far as it has come. It can go on.**\n"
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
    found = verdict(rows, code)
    parts = [f"## {escape(scenario)}\n", *([f"**{found}**\n"] if found else [])]
    parts += [_optimum(results, scenario), *without_failures(rows), *with_failures(rows)]
    parts += [*beside_bound(rows), tails(rows)]
    if scenario in results.standings:
        parts += non_dominated(rows, results.standings[scenario])
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
                f"The plan of {code(reference.label)} is proven to be the nominal optimum: "
                f"without failures its exposure is {value} weight·s, and no guarded plan of whole "
                "units has less."
            )
        else:
            told.append(
                f"The plan of {code(reference.label)} stands for the nominal optimum as the best "
                f"that is known: without failures its exposure is {value} weight·s, and none can "
                f"be below {number(reference.bound, 3)}, a gap of "
                f"{percent(gap(reference.objective, reference.bound))}."
            )
    return ("\n\n".join(told) or "There is no certified plan to compare with.") + "\n"


def _every_metric(results: Results, rows: Sequence[Mapping[Any, Any]]) -> str:
    done = [row for row in rows if row["replications"]]
    if not done:
        return ""
    found = results.estimates.set_index(["plan", "metric"])
    lines = []
    for metric in NUMERIC_METRICS:
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
        ["`tables/fronts`", "hypervolume and reference point of every scenario, what varies"],
        ["`tables/hypervolumes`", "hypervolume of every strategy, and of the others"],
        ["`figures/`", "every figure as PNG and as PDF"],
    ]
    return table(["file (CSV and Parquet)", "what it holds"], rows)


def _provenance(study: Study) -> str:
    told = [_told(source.metadata) for source in study.sources]
    rows = [[what, *(each[what] for each in told)] for what in told[0]]
    folders = [code(source.folder) for source in study.sources]
    return table(["", *(folders if len(folders) > 1 else [""])], rows)


def _told(given: Mapping[str, str]) -> dict[str, str]:
    """Say where a dataset comes from."""
    versions = json.loads(given["versions"])
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return {
        "configuration": f"SHA-256 {code(given['config_sha256'])}",
        "versions": escape(packages),
        "commit": code(given["git_commit"]) if given["git_commit"] else "none",
        "schema of the dataset": f"version {escape(given['schema_version'])}",
    }
