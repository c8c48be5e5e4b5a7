"""Non-dominated sets, hypervolumes and how sure they are, by hand and against slow twins."""

from __future__ import annotations

from collections.abc import Sequence

import moocore
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.errors import PatchoptError
from patchopt.files import load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.reports.numbers.attainment import SHARES, surfaces, thinned
from patchopt.reports.numbers.fronts import front_of, non_dominated, volume
from patchopt.reports.numbers.objectives import (
    OBJECTIVES,
    check_reference,
    reference_of,
    varying,
)
from patchopt.reports.numbers.resampling import RESAMPLES
from patchopt.reports.numbers.shared import shared
from patchopt.reports.numbers.standing import Standing, standing
from patchopt.reports.numbers.study import Study
from support.frames import study_of_runs

POINTS: st.SearchStrategy[np.ndarray] = st.lists(
    st.tuples(*[st.integers(0, 6).map(float)] * 3), min_size=1, max_size=12
).map(np.array)
CORNER = np.array([5.0, 6.0, 4.0])
WIDE = dict.fromkeys(OBJECTIVES, 100.0)


def dominates(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one <= other).all() and (one < other).any())


@given(POINTS)
def test_non_dominated_points_by_comparing_all_pairs_and_by_moocore(points: np.ndarray) -> None:
    slow = [not any(dominates(other, point) for other in points) for point in points]
    assert non_dominated(points[None])[0].tolist() == slow
    assert moocore.is_nondominated(points, keep_weakly=True).tolist() == slow


@given(POINTS)
def test_hypervolume_by_counting_cells(points: np.ndarray) -> None:
    front = front_of(points, CORNER)
    axes = [np.unique([0.0, *points[:, axis], CORNER[axis]]) for axis in range(3)]
    found = 0.0
    for x, y, z in np.ndindex(*(len(axis) - 1 for axis in axes)):
        low = np.array([axes[0][x], axes[1][y], axes[2][z]])
        high = np.array([axes[0][x + 1], axes[1][y + 1], axes[2][z + 1]])
        if (high <= CORNER).all() and (points <= low).all(axis=1).any():
            found += float(np.prod(high - low))
    assert front.hypervolume == pytest.approx(found / np.prod(CORNER))
    assert 0 <= front.hypervolume <= 1
    assert (front.contributions[~front.non_dominated] == 0).all()
    assert (front.contributions[front.beyond] == 0).all()


@given(POINTS, st.tuples(*[st.integers(0, 6).map(float)] * 3))
def test_hypervolume_grows_when_a_point_is_added(
    points: np.ndarray, more: tuple[float, float, float]
) -> None:
    before, after = (volume(each, CORNER) for each in (points, np.vstack([points, more])))
    assert before <= after <= 1


def test_hypervolume_by_hand() -> None:
    # Of the box of 10 x 5: below (2, 4) are 8 x 1, below (6, 2) are 4 x 3, both have 4 x 1:
    # 8 + 12 - 4 = 16 of 50. Without the first 12 are left, without the second 8. (3, 5) is not
    # below the reference in the second objective.
    points = np.array([[2.0, 4.0], [6.0, 2.0], [3.0, 5.0]])
    front = front_of(points, np.array([10.0, 5.0]))
    assert front.hypervolume == pytest.approx(16 / 50)
    assert front.contributions == pytest.approx(np.array([4, 8, 0]) / 50)
    assert front.non_dominated.tolist() == [True, True, False]
    assert front.beyond.tolist() == [False, False, True]


def test_a_plan_more_changes_no_reference() -> None:
    # The volume of one plan is the same whatever it is compared with.
    corner = np.array([10.0, 5.0])
    alone = front_of(np.array([[2.0, 4.0]]), corner)
    beside = front_of(np.array([[2.0, 4.0], [9.0, 4.5]]), corner)
    assert alone.hypervolume == beside.hypervolume == pytest.approx(8 / 50)


def test_the_reference_of_a_scenario_by_hand() -> None:
    infrastructure = build_infrastructure(load_scenario("ha_microservices"))
    nodes, limits = infrastructure.nodes, infrastructure.limits
    weight = sum(
        int(weight)
        for weight, patched in zip(nodes.weight_milli, nodes.patched, strict=True)
        if patched
    )
    found = reference_of(infrastructure)
    assert tuple(found) == OBJECTIVES
    assert found["completion_time"] == limits.horizon_s
    assert found["total_exposure"] == pytest.approx(weight * limits.horizon_s / 1000)
    assert found["lost_capacity"] == len(nodes.ids) * limits.horizon_s
    assert found["surge_node_seconds"] == limits.surge * limits.horizon_s
    with_min_up = sum(1 for least in infrastructure.services.min_up if least > 0)
    assert found["unplanned_downtime"] == with_min_up * limits.horizon_s


@pytest.mark.parametrize(
    ("given_one", "told"),
    [
        ({"downtime": 5.0}, "no objective"),
        ({"completion_time": 0.0}, "above 0"),
        ({"completion_time": float("nan")}, "above 0"),
        ({"completion_time": "soon"}, "above 0"),
        (["completion_time"], "a number for each objective"),
    ],
)
def test_a_reference_that_is_none_is_refused(given_one: object, told: str) -> None:
    with pytest.raises(PatchoptError, match=told):
        check_reference(given_one)  # type: ignore[arg-type]  # that is the point


def test_objectives_that_are_the_same_for_all_are_left_out() -> None:
    points = np.array([[5.0, 0.0, 7.0, 0.0, 3.0], [5.0, 0.0, 6.0, 0.0, 4.0]])
    assert varying(points) == ("lost_capacity", "completion_time")
    # Where nothing differs something has to be compared.
    assert varying(points[:1]) == ("total_exposure",)


def study_of(rows: Sequence[tuple[float, ...]]) -> Study:
    """Return a study of rows (plan, replication, stratum, weight, exposure, completion)."""
    names = ["plan", "replication", "stratum", "weight", "total_exposure", "completion_time"]
    runs = pd.DataFrame(rows, columns=names).assign(seed=1)
    rest = {name: 0.0 for name in OBJECTIVES if name not in names}
    return study_of_runs(runs.assign(**rest))


def standing_of_rows(rows: Sequence[tuple[float, ...]], strategies: list[str]) -> Standing:
    plans = tuple(range(len(strategies)))
    found = shared(study_of(rows), plans, OBJECTIVES)
    assert found is not None
    return standing(plans, strategies, found, np.zeros((len(plans), 5)), WIDE)


def test_how_often_a_plan_stays_non_dominated_by_hand() -> None:
    # Plan 0 costs 2 and 6, plan 1 always 5, both take as long. Means 4 and 5. A resample of two
    # draws 2, 2 or 2, 6 in three cases of four, then plan 0 has less; 6, 6 in one of four, then
    # plan 1 has.
    rows = [(0, 0, 0, 1.0, 2.0, 9.0), (0, 1, 0, 1.0, 6.0, 9.0)]
    rows += [(1, 0, 0, 1.0, 5.0, 9.0), (1, 1, 0, 1.0, 5.0, 9.0)]
    found = standing_of_rows(rows, ["a", "b"])
    assert found.objectives == ("total_exposure",)
    assert found.alike == OBJECTIVES[1:]
    assert found.front.non_dominated.tolist() == [True, False]
    # Of 10,000 resamples: standard error 0.0043.
    assert found.stays == pytest.approx([0.75, 0.25], abs=0.015)
    assert found.stays.sum() == pytest.approx(1)
    # Of the box of 100, plan 0 leaves 96, plan 1 95. What plan 0 adds is 1, and with 6, 6 nothing.
    assert found.whole.value == pytest.approx(0.96)
    assert (found.whole.low, found.whole.high) == pytest.approx((0.95, 0.98))
    assert found.lost[0].value == pytest.approx(0.01)
    assert (found.lost[0].low, found.lost[0].high) == pytest.approx((0.0, 0.03))
    one = found.strategies[0]
    assert (one.own, one.rest, one.difference.value) == pytest.approx((0.96, 0.95, 0.01))
    assert (one.difference.low, one.difference.high) == pytest.approx((-0.01, 0.03))


def test_strata_keep_their_shares() -> None:
    # Of plan 0 nine tenths cost 2, known exactly, and one tenth 12, drawn from two of four
    # replications: 0.9 x 2 + 0.1 x 12 = 3 in every resample, below the 4 of plan 1.
    costs = [2.0, 2.0, 12.0, 12.0]
    rows = [(0, at, at // 2, [1.8, 0.2][at // 2], costs[at], 9.0) for at in range(4)]
    rows += [(1, at, at // 2, [1.8, 0.2][at // 2], 4.0, 9.0) for at in range(4)]
    study = study_of(rows)
    found = shared(study, (0, 1), OBJECTIVES)
    assert found is not None
    assert found.means[:, 0] == pytest.approx([3.0, 4.0])
    assert found.resampled.shape == (RESAMPLES, 2, 5)
    assert found.resampled[:, 0, 0] == pytest.approx(np.full(RESAMPLES, 3.0))
    assert standing_of_rows(rows, ["a", "b"]).stays.tolist() == [1.0, 0.0]


def test_strata_are_drawn_apart() -> None:
    # Two strata with the same values: drawn alike, their means would be the same each time.
    values = [1.0, 2.0, 3.0, 4.0] * 2
    rows = [(0, at, at // 4, 1.0, value, 9.0) for at, value in enumerate(values)]
    found = shared(study_of(rows), (0,), ("total_exposure",))
    assert found is not None
    # Variance of the mean of 8 instead of that of 4: 1.25 / 8.
    assert found.resampled.var() == pytest.approx(1.25 / 8, rel=0.05)


def test_only_what_plans_share_is_compared() -> None:
    rows = [(0, at, 0, 1.0, float(at), 9.0) for at in (2, 0, 1)]
    rows += [(1, at, 0, 1.0, 10.0 + at, 9.0) for at in (1, 2, 3)]
    found = shared(study_of(rows), (0, 1), ("total_exposure",))
    assert found is not None
    assert found.replications == 2  # 1 and 2
    assert found.means[:, 0].tolist() == [1.5, 11.5]
    apart = [*rows[:3], (1, 7, 0, 1.0, 1.0, 9.0)]
    assert shared(study_of(apart), (0, 1), ("total_exposure",)) is None


def test_one_replication_says_nothing_of_how_sure_it_is() -> None:
    found = standing_of_rows([(0, 0, 0, 1.0, 2.0, 9.0), (1, 0, 0, 1.0, 3.0, 9.0)], ["a", "b"])
    assert found.front.non_dominated.tolist() == [True, False]
    assert np.isnan(found.stays).all()
    assert np.isnan(found.whole.low)


VALUES = st.lists(st.integers(0, 90), min_size=2, max_size=8)


@settings(max_examples=20)
@given(VALUES, VALUES, st.integers(1, 9))
def test_what_always_dominates_always_stays(costs: list[int], ends: list[int], more: int) -> None:
    luck = list(zip(costs, ends, strict=False))
    rows = [(0, at, 0, 1.0, float(cost), float(end)) for at, (cost, end) in enumerate(luck)]
    rows += [(1, at, 0, 1.0, float(cost + more), float(end)) for at, (cost, end) in enumerate(luck)]
    found = standing_of_rows(rows, ["a", "b"])
    assert found.stays.tolist() == [1.0, 0.0]
    assert found.lost[1].value == found.lost[1].high == 0
    assert 0 <= found.whole.low <= found.whole.high <= 1
    # Twins dominate each other in no resample, whatever is drawn.
    twins = [row for row in rows if row[0] == 0]
    twins += [(1, *row[1:]) for row in twins]
    assert standing_of_rows(twins, ["a", "b"]).stays.tolist() == [1.0, 1.0]


def test_blocks_are_neighbours() -> None:
    # More replications than blocks: 5,000 in 2,000 blocks have the same means all the same.
    values = np.random.default_rng(1).integers(0, 100, 5000).astype(float)
    rows = [(0, at, 0, 1.0, value, 9.0) for at, value in enumerate(values)]
    found = shared(study_of(rows), (0,), ("total_exposure",))
    assert found is not None
    assert len(found.strata[0].sums) == 2000
    assert found.means[0, 0] == pytest.approx(values.mean(), rel=1e-15)
    assert found.resampled.std() == pytest.approx(values.std() / 5000**0.5, rel=0.05)


def test_attainment_by_hand() -> None:
    # Two plans in 20 replications: one always comes to (1, 4), the other to (3, 2), but in one
    # of them to (3, 9), and in another the first one comes to (5, 5). At 5% one replication is
    # enough: both corners are attained. At 50% too. At 95% 19 of 20 attain (1, 4), and (3, 2).
    points = np.tile(np.array([[1.0, 4.0], [3.0, 2.0]]), (20, 1, 1))
    points[0, 1] = [3.0, 9.0]
    points[1, 0] = [5.0, 5.0]
    for surface in surfaces(points):
        assert surface.tolist() == [[1.0, 4.0], [3.0, 2.0]]
    # In two more both are late: (1, 4) and (3, 2) are attained in 17 of 20, (3, 4) in 18. 95% are
    # 19, which attain (3, 9) and (5, 5) and nothing better.
    points[2:4] = [[5.0, 5.0], [3.0, 9.0]]
    assert surfaces(points)[2].tolist() == [[3.0, 9.0], [5.0, 5.0]]


SETS: st.SearchStrategy[np.ndarray] = st.integers(1, 4).flatmap(
    lambda plans: st.lists(
        st.tuples(*[st.tuples(st.integers(0, 5), st.integers(0, 5))] * plans),
        min_size=20,
        max_size=40,
    ).map(lambda sets: np.array(sets, np.float64))
)


def often(points: np.ndarray, place: np.ndarray) -> int:
    """Return in how many sets some point is no higher in either objective."""
    return sum(any(bool((point <= place).all()) for point in some) for some in points)


@settings(max_examples=30)
@given(SETS)
def test_surfaces_are_attained_as_often_as_they_say(points: np.ndarray) -> None:
    for share, surface in zip(SHARES, surfaces(points), strict=True):
        needed = -(-share * len(points) // 100)
        assert all(often(points, corner) >= needed for corner in surface)
        # Whatever is attained so often is no better than some corner.
        for x, y in np.ndindex(6, 6):
            place = np.array([x, y], np.float64)
            if often(points, place) >= needed:
                assert often(surface[None], place) == 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=50), st.integers(1, 30))
def test_thinning_takes_replications_by_what_they_stand_for(weights: list[int], most: int) -> None:
    found = thinned(np.array(weights, float), most)
    assert (np.diff(found) >= 0).all()
    if len(set(weights)) == 1:
        assert len(set(found.tolist())) == len(found) == min(most, len(weights))
        return
    assert len(found) == most
    for at, weight in enumerate(weights):
        share = most * weight / sum(weights)
        assert abs((found == at).sum() - share) < 1 + 1e-9
