"""Replications until means are precise, presets and strata in sweeps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from patchopt.errors import ConfigError
from patchopt.files.dataset import read_dataset
from patchopt.reports import summarise
from patchopt.sweeps import compose, sweep
from patchopt.sweeps.precision import Precision

pytestmark = pytest.mark.slow

AUTO = [
    "sweep.scenarios=[ha_microservices,risky_patch]",
    "sweep.strategies=[rolling,big_bang]",
    "sweep.replications=auto",
    "sweep.precision.share=0.05",
    "sweep.precision.metrics=[total_exposure,failures]",
    "simulator.block=150",
]


def block(**columns: Any) -> dict[str, Any]:
    count = len(next(iter(columns.values())))
    return {"stratum": np.zeros(count, int), "weight": np.ones(count), **columns}


def half_width(values: Any) -> float:
    """Return the half-width of the normal 95% interval, relative to the mean."""
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(stats.norm.isf(0.025)) * error / abs(float(values.mean()))


def test_auto_goes_on_until_every_mean_is_precise_on_any_workers(tmp_path: Path) -> None:
    result = sweep([*AUTO, f"sweep.out={tmp_path / 'one'}", "parallel.n_jobs=1"])
    sweep([*AUTO, f"sweep.out={tmp_path / 'two'}", "parallel.n_jobs=2"])
    assert result.imprecise == ()
    for name in ("runs", "plans", "events"):
        first, second = (tmp_path / run / f"{name}.parquet" for run in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
    runs = read_dataset(tmp_path / "one").runs
    runs["total_exposure"] = runs["exposure"] + runs["residual_exposure"]
    replications: dict[object, int] = {}
    for (scenario, _), rows in runs.groupby(["scenario", "strategy"], observed=True):
        for metric in ("total_exposure", "failures"):
            assert half_width(rows[metric].to_numpy(float)) <= 0.05
        assert rows["replication"].tolist() == list(range(len(rows)))
        # Plans of a scenario share all of their replications.
        assert replications.setdefault(scenario, len(rows)) == len(rows)
    # No more than it takes: a block less would not have done.
    for scenario, rows in runs.groupby("scenario", observed=True):
        fewer = rows[rows["replication"] < replications[scenario] - 150]
        widths = [
            half_width(plan[metric].to_numpy(float))
            for _, plan in fewer.groupby("strategy", observed=True)
            for metric in ("total_exposure", "failures")
        ]
        assert max(widths) > 0.042  # the aim is from the variance seen a round before


def test_a_cap_ends_it_and_is_said(tmp_path: Path) -> None:
    cap = ["sweep.precision.cap=333", "sweep.precision.share=0.0001"]
    result = sweep([*AUTO, *cap, f"sweep.out={tmp_path / 'out'}", "parallel.n_jobs=1"])
    assert result.rows == 4 * 333
    assert "risky_patch / rolling" in result.imprecise


def test_a_plan_stopped_by_the_cap_is_named_once_though_others_go_on(tmp_path: Path) -> None:
    # risky_patch is at the cap two rounds before ha_microservices.
    result = sweep(
        [
            "sweep.scenarios=[risky_patch,ha_microservices]",
            "sweep.strategies=[rolling]",
            "sweep.replications=auto",
            "sweep.precision={share: 0.018, cap: 420}",
            "simulator.block=5",
            "parallel.n_jobs=1",
            f"sweep.out={tmp_path / 'out'}",
        ]
    )
    assert result.imprecise == ("risky_patch / rolling", "ha_microservices / rolling")


def test_moments_merged_block_by_block_are_those_of_all() -> None:
    generator = np.random.default_rng(3)
    values = generator.normal(100, 20, size=1000)
    precision = Precision(["failures"])
    for values_of in np.split(values, [10, 300, 301]):
        precision.add(block(failures=values_of))
    wanted = math.ceil((1.959963984540054 * values.std(ddof=1) / (0.01 * values.mean())) ** 2)
    assert precision.needed(0.01) == pytest.approx(wanted, abs=1)


def test_a_metric_that_never_varies_is_precise_and_one_around_zero_never() -> None:
    precision = Precision(["failures", "rollbacks"])
    precision.add(block(failures=np.zeros(4), rollbacks=np.full(4, 7.0)))
    assert precision.needed(0.01) == 0
    precision = Precision(["failures"])
    precision.add(block(failures=np.array([-1.0, 1.0, -1.0, 1.0])))
    assert precision.needed(0.01) == 2**62


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sweep.precision.metrics=[exposre]", "did you mean 'exposure'"),
        ("sweep.precision.metrics=[]", "sweep.precision.metrics"),
        ("sweep.precision.share=0", "sweep.precision.share"),
        ("sweep.precision.cap=0", "sweep.precision.cap"),
        ("sweep.stratify=3", "sweep.stratify"),
        ("failures=shared_defects", "did you mean 'shared_defect'"),
        ("failures=/nowhere", "failures"),
    ],
)
def test_mistakes_are_named(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compose([override])


def test_a_stratified_sweep_has_weights_and_the_same_means(tmp_path: Path) -> None:
    common = [
        "sweep.scenarios=[ha_microservices]",
        "sweep.strategies=[rolling,canary]",
        "failures=shared_defect",
        "sweep.seed=1",
        "sweep.replications=4000",
        "parallel.n_jobs=1",
    ]
    sweep([*common, f"sweep.out={tmp_path / 'drawn'}"])
    sweep([*common, "sweep.stratify=true", f"sweep.out={tmp_path / 'dealt'}"])
    drawn, dealt = (read_dataset(tmp_path / name).runs for name in ("drawn", "dealt"))
    assert (drawn["stratum"] == 0).all()
    assert (drawn["weight"] == 1).all()
    assert dealt["stratum"].nunique() > 2
    weights = dealt.groupby("strategy", observed=True)["weight"].sum()
    assert weights.tolist() == pytest.approx([4000, 4000])
    for one, other in zip(
        summarise(tmp_path / "drawn").to_dict("records"),
        summarise(tmp_path / "dealt").to_dict("records"),
        strict=True,
    ):
        assert one["label"] == other["label"]
        error = (one["total_exposure_high"] - one["total_exposure_low"]) / 2
        error = math.hypot(error, (other["total_exposure_high"] - other["total_exposure_low"]) / 2)
        # 2.5 half-widths are five standard errors.
        assert abs(one["total_exposure"] - other["total_exposure"]) < 2.5 * error


def test_a_block_too_small_for_its_strata_is_a_failed_cell(tmp_path: Path) -> None:
    result = sweep(
        [
            "sweep.scenarios=[ha_microservices]",
            "sweep.strategies=[rolling]",
            "failures=shared_defect",
            "sweep.stratify=true",
            "sweep.replications=2",
            "parallel.n_jobs=1",
            f"sweep.out={tmp_path / 'out'}",
        ]
    )
    assert "too few" in result.failures["ha_microservices / rolling"]
