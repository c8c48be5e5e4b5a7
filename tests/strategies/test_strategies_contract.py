"""The contract that every registered strategy keeps, one from another package among them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from patchopt.files import bundled_scenarios, load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.strategies import base, make_strategy, strategy_names
from support.contract import check_contract, infrastructure_of
from support.examples import small
from support.generate import scenarios
from support.searches import SHORT

pytestmark = pytest.mark.slow

THIRD_PARTY = '''
"""A strategy as another package would offer it."""

from pydantic.dataclasses import dataclass

from patchopt.strategies.base import STRICT, Strategy
from patchopt.strategies.placing import Placing


@dataclass(frozen=True, config=STRICT)
class LightestFirst(Strategy):
    """One unit after another, the lightest first."""

    def steps(self, infrastructure, builder):
        placing = Placing(infrastructure, builder, self)
        items = placing.ordered(placing.items, lambda item: -item.weight_milli)
        placing.sequence(placing.batches(items, 1), lambda batch: "next lightest")
'''


@pytest.fixture(scope="module")
def lightest_first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Install a package that offers a strategy, as an installer would leave it."""
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "lightest_first_plugin.py").write_text(THIRD_PARTY, encoding="utf-8")
    about = folder / "lightest_first_plugin-1.0.dist-info"
    about.mkdir()
    about.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: lightest_first_plugin\nVersion: 1.0\n", encoding="utf-8"
    )
    about.joinpath("entry_points.txt").write_text(
        "[patchopt.strategies]\nlightest_first = lightest_first_plugin:LightestFirst\n",
        encoding="utf-8",
    )
    sys.path.insert(0, str(folder))
    yield "lightest_first"
    sys.path.remove(str(folder))
    # Tests that come later know what patchopt itself has.
    sys.modules.pop("lightest_first_plugin", None)
    base._REGISTERED.pop("lightest_first", None)


def every_name(lightest_first: str) -> list[str]:
    names = strategy_names()
    assert lightest_first in names
    return list(names)


def test_all_eleven_and_the_third_party_are_known(lightest_first: str) -> None:
    assert every_name(lightest_first) == [
        "big_bang",
        "rolling",
        "batch_rolling",
        "canary",
        "blue_green",
        "dependency_aware",
        "hybrid",
        "exposure_greedy",
        "waves",
        "optimal",
        "expected",
        "lightest_first",
    ]


def test_contract_on_bundled_scenarios(lightest_first: str) -> None:
    # Bounds are no part of a plan, and take most of the time.
    short = SHORT | {"expected": SHORT["expected"] | {"bounds": 0}}
    for scenario in bundled_scenarios():
        infrastructure = build_infrastructure(load_scenario(scenario))
        for name in every_name(lightest_first):
            check_contract(make_strategy(name, short.get(name)), infrastructure)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "rules",
    [{}, {"on_infeasible": "skip"}, {"respect_units": False}],
    ids=["units", "skip", "nodes"],
)
def test_contract_on_generated_scenarios(lightest_first: str, rules: dict[str, Any]) -> None:
    names = every_name(lightest_first)

    @settings(max_examples=200)
    @given(scenarios(max_patched=6))
    def law(scenario: dict[str, Any]) -> None:
        infrastructure = infrastructure_of(scenario)
        for name in names:
            if name not in SHORT:  # they have laws of their own
                check_contract(make_strategy(name, rules), infrastructure)

    law()


@pytest.mark.parametrize("name", strategy_names())
def test_it_plans_in_a_process_that_has_loaded_nothing_else(name: str) -> None:
    # Small enough for plain code, which is imported apart from the compiled.
    nodes = {"a": {"criticality": 2}, "b": {}}
    program = f"""
import json, sys
from patchopt.files import scenario_from_text
from patchopt.model.build import build_infrastructure
from patchopt.strategies import make_strategy

infrastructure = build_infrastructure(scenario_from_text({json.dumps(small(nodes))!r}, "test"))
print(len(make_strategy({name!r}, {SHORT.get(name)!r}).plan(infrastructure).steps))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert int(done.stdout) > 0
