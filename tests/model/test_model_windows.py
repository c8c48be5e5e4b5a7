"""Windows against a list of the seconds at which they are open."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from patchopt.model.scenario import Windows as Written
from patchopt.model.windows import FOREVER, WindowSet, closed_time
from support.windows import Windows as Slow


@st.composite
def written(draw: Any) -> dict[str, Any]:
    every = draw(st.integers(2, 40))
    opened = st.fixed_dictionaries(
        {"start": st.integers(0, every - 1), "duration": st.integers(1, every)}
    )
    return {"every": every, "open": draw(st.lists(opened, min_size=1, max_size=3))}


@given(written(), st.integers(0, 100), st.integers(0, 30))
def test_windows_agree_with_their_seconds(told: dict[str, Any], at: int, length: int) -> None:
    windows, slow = WindowSet.of(Written.model_validate(told)), Slow(told)
    close = windows.close_after(at)
    inside = [end for end in range(at, at + 100) if slow.holds(at, end)]
    if close == FOREVER:
        assert len(inside) == 100
    else:
        assert min(close, at + 99) == (inside[-1] if inside else -1)
    if slow.longest is None or length <= slow.longest:
        assert windows.earliest_fit(at, length) == slow.earliest(at, length)
    closed = closed_time(at, at + length, windows.period_s, windows.starts_s, windows.lengths_s)
    # A window is a closed interval: the second from t to t + 1 is inside if both ends are.
    assert closed == sum(not slow.holds(t, t + 1) for t in range(at, at + length))


def test_no_windows_are_always_open() -> None:
    windows = WindowSet.of(None)
    assert windows.close_after(5) == FOREVER
    assert windows.earliest_fit(5, 10**9) == 5
