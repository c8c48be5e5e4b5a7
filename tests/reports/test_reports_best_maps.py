"""Which plan is best over what is assumed and what is chosen: costs and crossings by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from patchopt.reports.figures.best_maps import best_maps_figure
from patchopt.reports.figures.style import looks, printed_style, save_printed
from patchopt.reports.numbers.best_maps import BestMap, best_maps
from patchopt.reports.numbers.summary import Results
from support.frames import study_of_runs

Plan = tuple[str, str, dict[str, Any], list[float], str]


def found_of(plans: list[Plan]) -> list[BestMap]:
    """Return the maps of plans: scenario, strategy, parameters, exposures, what they break."""
    numbers = range(len(plans))
    summary = pd.DataFrame(
        {
            "scenario": [plan[0] for plan in plans],
            "strategy": [plan[1] for plan in plans],
            "plan": list(numbers),
            "label": [plan[1] for plan in plans],
            "total_exposure": [np.mean(plan[3]) for plan in plans],
            "breaks": [plan[4] for plan in plans],
            "replications": [len(plan[3]) for plan in plans],
        }
    )
    runs = [
        {"plan": number, "seed": 1, "replication": at, "total_exposure": value}
        for number in numbers
        for at, value in enumerate(plans[number][3])
    ]
    study = study_of_runs(
        pd.DataFrame(runs).assign(stratum=0, weight=1.0),
        plans=pd.DataFrame({"parameters": [json.dumps(plan[2]) for plan in plans]}),
    )
    return best_maps(study, Results(pd.DataFrame(), summary, {}, {}))


def canary(p: float, soak: int, cost: float, breaks: str = "") -> Plan:
    return f"shop (defect.p={p:g})", "canary", {"soak": soak, "share": 0.1}, [cost] * 30, breaks


def rolling(p: float, cost: float) -> Plan:
    return f"shop (defect.p={p:g})", "rolling", {"pause": 0}, [cost] * 30, ""


#: What canaries of 10 and of 60 seconds cost, and rolling, by probability: without a defect a
#: canary costs its soak more, and 80 less with one.
LINEAR = [
    plan
    for p in (0.0, 0.2, 0.4)
    for plan in (
        canary(p, 60, 160 + 20 * p),
        rolling(p, 100 + 100 * p),
        canary(p, 10, 110 + 20 * p),
    )
]


def test_the_best_and_its_break_even_by_hand() -> None:
    (found,) = found_of(LINEAR)
    assert (found.scenario, found.parameter, found.values) == ("shop", "defect.p", (0.0, 0.2, 0.4))
    assert (found.option, found.settings) == ("soak", (10.0, 60.0))
    assert (found.kinds, found.with_option) == (("canary", "rolling"), 1)
    # Under p = .2: 114 and 164 against 120; under .4: 118 and 168 against 140.
    assert found.costs[0].tolist() == [[110, 160], [114, 164], [118, 168]]
    assert found.costs[1].tolist() == [[100, 100], [120, 120], [140, 140]]
    assert found.best.tolist() == [[1, 1], [0, 1], [0, 1]]
    assert found.ratio[1].tolist() == [114 / 120, 164 / 120]
    assert found.sure.all()
    # 110 + 20 p = 100 + 100 p at p = 1/8; 160 + 20 p = 100 + 100 p only at 3/4.
    assert found.break_even == pytest.approx([0.125, np.inf])


def test_what_breaks_constraints_is_never_best_and_what_always_pays_has_the_least_value() -> None:
    plans = [rolling(p, 100) for p in (0.1, 0.2)]
    plans += [
        canary(p, soak, 50, "min_up" if soak == 10 else "")
        for p in (0.1, 0.2)
        for soak in (10, 60, 90)
    ]
    (found,) = found_of(plans)
    assert found.settings == (60.0, 90.0)
    assert found.best.tolist() == [[0, 0], [0, 0]]
    assert found.break_even.tolist() == [0.1, 0.1]


def test_where_no_plan_keeps_the_constraints_there_is_no_cell() -> None:
    plans = [
        canary(p, soak, 50, "min_up" if p < 0.3 else "")
        for p in (0.1, 0.2, 0.4)
        for soak in (10, 60)
    ]
    plans += [("shop (defect.p=0.4)", "rolling", {}, [60.0] * 5, "")]
    (found,) = found_of(plans)
    assert found.best.tolist() == [[-1, -1], [-1, -1], [0, 0]]
    assert np.isnan(found.ratio[:2]).all()
    assert found.break_even.tolist() == [0.4, 0.4]
    with printed_style():
        figure = best_maps_figure([found], looks(["canary", "rolling"]), 3.5)
    assert len(figure.axes[0].patches) == 2


def test_what_luck_may_have_decided_is_not_sure() -> None:
    # 500 on average beside 501, where replications differ by far more than that; and surely 460.
    noisy = list(np.linspace(0, 1000, 30))
    plans: list[Plan] = [
        plan
        for p in (0.1, 0.2)
        for plan in (
            (f"shop (p={p})", "canary", {"soak": 10}, noisy, ""),
            (f"shop (p={p})", "canary", {"soak": 60}, [460.0] * 30, ""),
            (f"shop (p={p})", "rolling", {}, [501.0] * 30, ""),
        )
    ]
    (found,) = found_of(plans)
    assert found.ratio == pytest.approx(np.array([[500 / 501, 460 / 501]] * 2))
    assert found.sure.tolist() == [[False, True], [False, True]]


def test_several_options_are_looked_at_one_by_one() -> None:
    plans: list[Plan] = [
        (f"shop (p={p})", "canary", {"share": share, "soak": soak}, [share * soak] * 5, "")
        for p in (0.1, 0.2)
        for share in (0.1, 0.2)
        for soak in (10, 60)
    ]
    share, soak = found_of(plans)
    assert (share.option, soak.option) == ("share", "soak")
    assert share.kinds == ("canary(soak=10)", "canary(soak=60)")
    assert soak.kinds == ("canary(share=0.1)", "canary(share=0.2)")
    # There is nothing without the option to be even with.
    assert np.isnan(soak.break_even).all()
    assert np.isnan(soak.ratio).all()


@pytest.mark.parametrize(
    "plans",
    [
        [rolling(p, 100) for p in (0.1, 0.2)],
        [canary(0.1, soak, 100) for soak in (10, 60)],
        [
            (f"shop (p={p})", "optimal", {"time_limit": limit}, [1.0] * 5, "")
            for p in (0.1, 0.2)
            for limit in (1.0, 2.0)
        ],
    ],
)
def test_no_map_of_what_was_not_varied_or_is_effort_alone(plans: list[Plan]) -> None:
    assert found_of(plans) == []


def test_the_figure_has_a_cell_for_each_and_a_line_where_they_are_even(tmp_path: Path) -> None:
    found = found_of(LINEAR)
    with printed_style():
        figure = best_maps_figure(found, looks(["rolling", "canary"]), 3.5)
        save_printed(figure, tmp_path / "map")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["10s", "1m"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "0.2", "0.4"]
    assert len(axes.patches) == 6
    numbers = ["+10%", "+60%", "-5%", "+37%", "-16%", "+20%"]  # 118 / 140, 168 / 140
    assert [text.get_text() for text in axes.texts] == numbers
    # p = 1/8 lies five eighths of the way from the row of 0 to that of .2.
    (lines,) = axes.collections
    assert isinstance(lines, LineCollection)
    (first,) = (segment for segment in lines.get_segments() if len(segment))
    assert first[:, 1] == pytest.approx([0.625, 0.625])
