"""The collector is off inside, and afterwards as it was before."""

from __future__ import annotations

import gc

import pytest

from patchopt.model.garbage import collector_paused


def _fail() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()  # the outer one still wants it off
        raise KeyError


def test_the_collector_is_as_it_was_whatever_happens_inside() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError):
        _fail()
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
