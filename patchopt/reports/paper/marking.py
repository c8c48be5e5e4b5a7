"""Which numbers of a column are the best, and which cannot be told from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from patchopt.model.metrics import Metric
from patchopt.reports.numbers.gaps import paired
from patchopt.reports.numbers.paired_tests import paired_test
from patchopt.reports.numbers.study import Study
from patchopt.reports.paper.printed import Mark

#: Of each test by itself: a mark is a reading aid, no finding.
_LEVEL: Final = 0.05


def marks_of(study: Study, measure: Metric, means: Mapping[int, float]) -> dict[int, Mark]:
    """Mark the best plans of a scenario by the mean of a measure.

    Parameters
    ----------
    study : Study
        What was measured.
    measure : Metric
        Of which higher or lower is better; all are unmarked if neither is.
    means : mapping of int to float
        Of the plans that are compared: those that keep the constraints.

    Returns
    -------
    dict of int to str
        ``best`` for the best mean, ``level`` where a paired test does not tell it from that at
        5%, ``""`` elsewhere. Nothing is marked if all means are the same.
    """
    marks: dict[int, Mark] = dict.fromkeys(means, "")
    known = {plan: mean for plan, mean in means.items() if not np.isnan(mean)}
    if measure.better == "neither" or len(set(known.values())) < 2:
        return marks
    best = _extreme(known, measure.better)
    for plan, mean in known.items():
        if mean == known[best]:
            marks[plan] = "best"
            continue
        pairs = paired(study, plan, best, measure)
        if pairs is not None:
            p = paired_test(pairs).p
            if p >= _LEVEL or np.isnan(p):
                marks[plan] = "level"
    return marks


def _extreme(means: Mapping[int, float], better: Literal["lower", "higher"]) -> int:
    sign = 1 if better == "lower" else -1
    return min(means, key=lambda plan: (sign * means[plan], plan))
