"""Every example in a docstring gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import patchopt

pytestmark = pytest.mark.slow

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(patchopt.__path__, "patchopt.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["patchopt", *MODULES])
def test_examples_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    examples = sum(
        len(test.examples)
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
    )
    assert examples >= 30
