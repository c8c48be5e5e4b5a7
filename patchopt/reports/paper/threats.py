"""Threats to validity, a stub made of facts: what a paper on the study has to answer for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from patchopt.model.facts import assumed_share
from patchopt.reports.numbers.across import LEAST_SCENARIOS
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.pages.markdown import code
from patchopt.reports.paper.outcome_tables import done_rows

#: Replications of which a 99th percentile has an interval at 95%.
_FOR_P99: Final = 368
#: Share of a mean that residual exposure is worth a word from.
_MUCH: Final = 0.1


def threats(study: Study, results: Results) -> str:
    """Write what is known of the study and limits what it says, as Markdown.

    Parameters
    ----------
    study : Study
        What was measured.
    results : Results
        Its numbers.

    Returns
    -------
    str
        Construct, internal, external and conclusion validity, a paragraph each.
    """
    parts = {
        "Construct validity": [*_assumptions(study), *_horizon(study, results)],
        "Internal validity": [*_certificates(results), *_bounds(results)],
        "External validity": [*_scenarios(study)],
        "Conclusion validity": [*_replications(study, results)],
    }
    lines = ["# Threats to validity\n", "Facts of this study, to be put into your own words.\n"]
    for title, facts in parts.items():
        lines += [f"## {title}\n", *(f"- {fact}" for fact in facts), ""]
    return "\n".join(lines)


def _assumptions(study: Study) -> Iterator[str]:
    for scenario in study.scenarios:
        share = assumed_share(study.scenario(scenario))
        if share is None:
            yield f"{code(scenario)} does not say which of its fields are facts."
        else:
            yield f"{100 * share:.0f}% of the fields of {code(scenario)} are assumed."
    presets = {_preset(source.metadata["config"]) for source in study.sources}
    for name in sorted(presets - {""}):
        yield (
            f"Failures are of the preset {code(name)}, not of the systems; which of its figures "
            "are measured elsewhere and which assumed stands in the preset's file."
        )
    if "" in presets:
        yield "Failures are those that the scenarios were written with."


def _preset(config: str) -> str:
    failures = json.loads(config).get("failures")
    return str(failures["name"]) if failures else ""


def _horizon(study: Study, results: Results) -> Iterator[str]:
    """Say where what comes after the plan's end decides."""
    for scenario in study.scenarios:
        shares = {
            row["label"]: row["residual_exposure"] / row["total_exposure"]
            for row in done_rows(results, scenario)
            if row["total_exposure"] > 0 and not row["breaks"]
        }
        much = {label: share for label, share in shares.items() if share >= _MUCH}
        if much:
            label = max(much, key=lambda name: much[name])
            yield (
                f"On {code(scenario)} up to {100 * much[label]:.0f}% of the mean total exposure "
                f"({code(label)}) comes after the plan's end, until the horizon: another horizon, "
                f"another number. That is {100 * _MUCH:.0f}% or more of {len(much)} of "
                f"{len(shares)} plans."
            )


def _certificates(results: Results) -> Iterator[str]:
    summary = results.summary
    for scenario, references in results.references.items():
        if not references:
            yield f"On {code(scenario)} there is no certified plan to compare with."
        for reference in references.values():
            if not reference.proven:
                yield f"On {code(scenario)} the nominal optimum is the best plan known, not proven."
    broken = sorted(set(summary.loc[summary["breaks"] != "", "label"]))
    if broken:
        named = ", ".join(map(code, broken))
        yield f"{named} breaks constraints and is no alternative to the others."


def _bounds(results: Results) -> Iterator[str]:
    summary = results.summary
    for scenario in summary["scenario"].unique():
        rows = summary[(summary["scenario"] == scenario) & (summary["bounded_replications"] > 0)]
        if rows.empty:
            yield f"{code(scenario)} has no bound on what plans could come to under failures."
            continue
        row = rows.iloc[0]
        yield (
            f"The bound of {code(scenario)} is over {int(row['bounded_replications'])} "
            f"replications, met on {int(row['bounds_proven'])}: luck rarer than that is not in it."
        )


def _scenarios(study: Study) -> Iterator[str]:
    count = len(study.scenarios)
    given = [study.scenario(name) for name in study.scenarios]
    made_up = [one for one in given if assumed_share(one) == 1.0]
    yield f"{count} scenarios, {len(made_up)} of them with no fact at all (made up)."
    for luck, number in Counter(one.luck or one.name for one in given).items():
        if number > 1:
            yield f"{number} scenarios share the luck of {code(luck)}: they are not independent."
    if count < LEAST_SCENARIOS:
        yield f"{count} are too few for a test across scenarios ({LEAST_SCENARIOS} are needed)."


def _replications(study: Study, results: Results) -> Iterator[str]:
    counts = [count for count in study.counts.values() if count]
    if not counts:
        yield "No replications."
        return
    least = min(counts)
    yield f"At least {least:,} replications of each plan, all plans under the same luck."
    if least < _FOR_P99:
        yield f"Too few for an interval of a 99th percentile, which takes {_FOR_P99}."
    tail = int(np.floor(0.05 * least))
    yield f"The worst 5% are {tail:,} replications of the plan with the fewest."
    rare = results.summary[(results.summary["replications"] > 0)]
    never = rare[(rare["breach"] == 0)]
    if len(never):
        yield (
            f"No breach was seen of {len(never)} of {len(rare)} plans; with {least:,} replications "
            f"a probability below {100 * 3 / least:.2g}% is not excluded (rule of three)."
        )
