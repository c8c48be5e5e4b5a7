"""Progress: a log has a line at the beginning, one a minute and one at the end of a stage."""

from __future__ import annotations

import pytest

from patchopt.cli.progress import Pace, progress


def test_a_log_has_few_lines_each_with_rate_and_time_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    times = iter([0.0, 30.0, 60.0, 90.0, 119.0, 120.0, 120.0])
    with progress(lambda: next(times)) as watch:
        for done in (1_000, 2_000, 4_000, 5_000, 6_000, 7_000, 7_000):
            watch("replications", done, 7_000)
    # 3,000 in the first minute are 50/s, and 3,000 more take another one; 6,000 in 120 s again.
    assert capsys.readouterr().err.splitlines() == [
        "replications: 1,000 of 7,000",
        "replications: 4,000 of 7,000, 50/s, about 1m left",
        "replications: 7,000 of 7,000, 50/s",
    ]


def test_stages_have_paces_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 10.0, 10.0, 14.0])
    with progress(lambda: next(times)) as watch:
        watch("plans", 0, 2)
        watch("plans", 2, 2)
        watch("replications", 0, 4)
        watch("replications", 4, 4)
    assert capsys.readouterr().err.splitlines() == [
        "plans: 0 of 2",
        "plans: 2 of 2, 0.2/s",
        "replications: 0 of 4",
        "replications: 4 of 4, 1/s",
    ]


def test_a_stage_that_grows_ends_again(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 2.0, 3.0])
    with progress(lambda: next(times)) as watch:
        for done, total in ((0, 200), (200, 200), (200, 400), (400, 400)):
            watch("replications", done, total)
    assert [line.partition(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "replications: 0 of 200",
        "replications: 200 of 200",
        "replications: 400 of 400",
    ]


def test_what_was_done_before_says_nothing_of_the_pace() -> None:
    pace = Pace(1_000_000, 0.0)
    assert pace.told(1_000_000, 2_000_000, 100.0) == ""
    assert pace.told(1_000_010, 1_000_020, 100.0) == "0.1/s, about 1m40s left"
    assert pace.told(1_000_010, 1_000_020, 0.5) == ""  # too early to tell
