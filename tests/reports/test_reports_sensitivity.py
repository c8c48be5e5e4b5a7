"""Sensitivity to assumed numbers: slopes, ranks and their stability, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from patchopt.reports.numbers.sensitivity import best_of, sensitivities
from patchopt.reports.numbers.summary import Results
from patchopt.reports.paper.latex import latex
from patchopt.reports.paper.sensitivity_table import sensitivity_table


def results_of(rows: list[tuple[str, str, float, float, str]]) -> Results:
    summary = pd.DataFrame(rows, columns=["scenario", "label", "total_exposure", "half", "breaks"])
    summary["total_exposure_low"] = summary["total_exposure"] - summary["half"]
    summary["total_exposure_high"] = summary["total_exposure"] + summary["half"]
    return Results(pd.DataFrame(), summary, {}, {})


def varied(*exposures: tuple[float, float, float]) -> Results:
    """Return plans a, b and c under p = 1, 2, 4, and one that breaks constraints."""
    rows = [
        (f"shop (failures.p={value})", label, exposure, 0.0, "")
        for value, column in zip((1, 2, 4), exposures, strict=True)
        for label, exposure in zip("abc", column, strict=True)
    ]
    rows += [(f"shop (failures.p={value})", "bad", 1.0, 0.0, "min_up") for value in (1, 2, 4)]
    return results_of(rows)


def test_slopes_and_ranks_by_hand() -> None:
    # a doubles whenever p does, b stays, c grows with the square root.
    (found,) = sensitivities(varied((3, 5, 6), (6, 5, 6 * 2**0.5), (12, 5, 12)))
    assert (found.scenario, found.parameter, found.values) == ("shop", "failures.p", (1, 2, 4))
    assert found.labels == ("a", "b", "c")
    assert found.elasticity == pytest.approx([1, 0, 0.5])
    assert found.ranks.tolist() == [[1, 2, 2], [2, 1, 1], [3, 3, 3]]
    # Between (2, 1, 3) and (1, 2, 3) two of three pairs agree: (2 - 1) / 3.
    assert found.tau == pytest.approx(1 / 3)
    assert best_of(found) == ["a", "b", "b"]


def test_limits_by_hand() -> None:
    # x = 0, ln 2: the slope is the difference over ln 2. Errors of logarithms are .196 / 1.96 / 1
    # and .392 / 1.96 / 2: .1 each, together .1 * sqrt(2).
    rows = [("shop (p=1)", "a", 1.0, 0.196, ""), ("shop (p=2)", "a", 2.0, 0.392, "")]
    (found,) = sensitivities(results_of(rows))
    reach = 1.959964 * 0.1 * math.sqrt(2) / math.log(2) * (0.196 / 0.1959964)
    assert found.high[0] - found.elasticity[0] == pytest.approx(reach, rel=1e-4)
    assert math.isnan(found.tau)


def test_two_parameters_are_looked_at_one_by_one() -> None:
    rows = [
        (f"shop (p={p}, soak={soak})", label, exposure * p * soak, 0.0, "")
        for p in (1, 2)
        for soak in (10, 20)
        for label, exposure in (("a", 1.0), ("b", 2.0))
    ]
    found = {(one.scenario, one.parameter): one for one in sensitivities(results_of(rows))}
    assert set(found) == {
        ("shop (soak=10)", "p"),
        ("shop (soak=20)", "p"),
        ("shop (p=1)", "soak"),
        ("shop (p=2)", "soak"),
    }
    assert all(np.allclose(one.elasticity, 1) and one.tau == 1 for one in found.values())


@pytest.mark.parametrize("name", ["shop", "shop (results/one)", "shop (how=fast)", "shop (p=0)"])
def test_what_was_not_varied_has_no_sensitivity(name: str) -> None:
    rows = [(name, "a", 1.0, 0.0, ""), (f"{name}x", "a", 2.0, 0.0, "")]
    assert sensitivities(results_of(rows)) == []
    assert sensitivity_table(results_of(rows)) is None


def test_the_table_says_what_changes() -> None:
    table = sensitivity_table(varied((3, 5, 6), (6, 5, 6), (12, 5, 12)))
    assert table is not None
    assert table.notes[-1] == "shop, failures.p: least τ 0.33; best: a at 1, b at 2, b at 4."
    text = latex(table)
    assert r"\itshape shop: failures.p = 1, 2, 4" in text
    assert r"least $\tau$ 0.33" in text


def test_durations_are_read_in_seconds() -> None:
    # 1800 s, 3600 s: the double, and so is the exposure.
    rows = [
        ("shop (respin.delay=30m)", "a", 1.0, 0.0, ""),
        ("shop (respin.delay=1h)", "a", 2, 0, ""),
    ]
    (found,) = sensitivities(results_of(rows))
    assert list(found.values) == [1800, 3600]
    assert found.elasticity == pytest.approx([1])


def test_what_is_no_number_is_no_parameter() -> None:
    rows = [("shop (how=in_place)", "a", 1.0, 0.0, ""), ("shop (how=none)", "a", 2.0, 0.0, "")]
    assert sensitivities(results_of(rows)) == []
