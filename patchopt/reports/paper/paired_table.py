"""Plans beside the nominal optimum and beside the bound, under the same luck."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from patchopt.reports.numbers.gaps import paired
from patchopt.reports.numbers.paired_tests import PairedTest, holm, paired_test
from patchopt.reports.numbers.study import Study
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.outcome_tables import (
    PLAN,
    done_rows,
    exposure_column,
    limited,
    of_plan,
    percent_column,
)
from patchopt.reports.paper.printed import Column, Number, Printed, Row


def paired_table(study: Study, results: Results) -> Printed | None:
    """Return differences and ratios, effect sizes first; None where there is no nominal optimum."""
    rows = [
        row for scenario in study.scenarios for row in _rows(study, done_rows(results, scenario))
    ]
    if not rows:
        return None
    return Printed(
        name="T4_paired",
        caption="Total exposure beside the nominal optimum under the same luck.",
        columns=(
            PLAN,
            Column(key="effect", title="d", decimals=2),
            percent_column("ratio", "ratio - 1", decimals=2, interval=True),
            exposure_column("difference", "difference", results, interval=True),
            percent_column("better", "less"),
            percent_column("worse", "more"),
            Column(key="p_holm", title="p (Holm)", decimals=4, least=1e-4),
            percent_column("over_bound", "over bound"),
            percent_column("over_bound_upper", "at most"),
        ),
        rows=tuple(rows),
        notes=(
            (
                "d: mean difference over the standard deviation of differences. Less, more: "
                "share of replications with less exposure than the nominal optimum, and with "
                "more. Ratio of means: paired bootstrap-t; over strata the delta method."
            ),
            (
                "p: two-sided paired t test of the mean difference, corrected by Holm over the "
                "plans of a scenario; with common random numbers and many replications every p "
                "is small, so that effect sizes come first."
            ),
            (
                "Over bound: mean total exposure over the mean wait-and-see bound, less 1; at "
                "most: its one-sided 95% limit."
            ),
        ),
    )


def _rows(study: Study, done: list[Mapping[Any, Any]]) -> list[Row]:
    """Return the rows of a scenario: of plans that have a nominal optimum beside them."""
    tests: dict[int, PairedTest] = {}
    for row in done:
        reference = row["nominal_optimum"]
        if reference >= 0 and reference != row["plan"]:
            pairs = paired(study, int(row["plan"]), int(reference))
            if pairs is not None:
                tests[row["plan"]] = paired_test(pairs)
    corrected = dict(zip(tests, holm([test.p for test in tests.values()]), strict=True))
    nothing = PairedTest(better=math.nan, worse=math.nan, effect=math.nan, p=math.nan)
    found = []
    for row in done:
        if row["nominal_optimum"] < 0:
            continue
        test = tests.get(row["plan"], nothing)
        itself = row["plan"] not in tests
        numbers = [
            Number(value=test.effect if np.isfinite(test.effect) else math.nan),
            Number(value=math.nan) if itself else limited(row, "relative_to_nominal_optimum"),
            Number(value=math.nan) if itself else limited(row, "difference_to_nominal_optimum"),
            Number(value=test.better),
            Number(value=test.worse),
            Number(value=corrected.get(row["plan"], math.nan)),
            Number(value=row["over_wait_and_see"]),
            Number(value=row["over_wait_and_see_upper"]),
        ]
        found.append(of_plan(row, numbers))
    return found
