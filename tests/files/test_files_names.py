"""Names of files: one each, wherever they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchopt.files.output import file_names

NAMES = st.lists(
    st.text() | st.text("aAbB-2:./", max_size=8) | st.sampled_from(["con", "Nul.x", "a" * 255])
)


@given(NAMES)
def test_as_many_names_as_were_asked_for_where_case_does_not_count(given_: list[str]) -> None:
    found = file_names(given_)
    assert len({name.casefold() for name in found}) == len(given_)
    for name in found:
        assert name.isascii()
        assert 0 < len(name) <= 100
        assert not set(name) & set('/\\:*?"<>| \n')
        assert name.strip(".-")
        assert not name.endswith(".")
        assert not name.startswith((".", "-"))
    assert file_names(given_) == found


def test_a_number_that_is_another_name_is_not_given_again() -> None:
    assert file_names(["a-b", "a:b", "a-b-2"]) == ["a-b", "a-b-3", "a-b-2"]
    assert file_names(["a:b", "a-b-2", "a-b"]) == ["a-b-3", "a-b-2", "a-b"]


def test_case_alone_makes_no_other_file() -> None:
    assert file_names(["Shop", "shop", "SHOP"]) == ["Shop", "shop-2", "SHOP-3"]


@pytest.mark.parametrize("name", ["CON", "nul", "com1", "LPT9.txt", "aux.a.b", "con:"])
def test_devices_of_windows_are_no_files(name: str) -> None:
    assert file_names([name])[0].startswith("_")


def test_long_names_are_cut_and_still_told_apart() -> None:
    assert file_names(["x" * 200 + "1", "x" * 200 + "2"]) == ["x" * 80, "x" * 80 + "-2"]
    assert file_names(["..", "Ω"]) == ["unnamed", "unnamed-2"]
