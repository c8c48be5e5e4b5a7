"""Suggestions: which name was meant, without comparing everything with everything."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import pytest

from patchopt.errors import ScenarioError, Suggestions, nearest
from patchopt.files import scenario_from_text


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names that others were compared with."""
    found: list[str] = []
    real = difflib.get_close_matches

    def counting(word: str, names: Iterable[str], **options: Any) -> list[str]:
        listed = list(names)
        found.extend(listed)
        return real(word, listed, **options)

    monkeypatch.setattr(difflib, "get_close_matches", counting)
    return found


@pytest.mark.parametrize(
    ("name", "names", "remedy"),
    [
        ("web", ["web", "web2"], "did you mean 'web2'?"),
        ("web", ["web", "db"], "known are db"),
        ("web", ["web"], "there is no other"),
        ("web", [], "none are defined"),
        (
            "x",
            [f"n{n:02}" for n in range(20)],
            f"known are {', '.join(f'n{n:02}' for n in range(12))} and 8 more",
        ),
    ],
)
def test_the_very_name_is_never_suggested(name: str, names: list[str], remedy: str) -> None:
    assert nearest(name, names) == remedy


def test_two_hundred_wrong_ends_among_two_thousand_nodes_are_compared_a_few_times(
    compared: list[str],
) -> None:
    # 200 x 2,001 comparisons before; 12 x 2,000 at most now.
    edges = ", ".join(f"{{source: top, target: nod-{n}}}" for n in range(200))
    nodes = "[{id: top, type: host}, {id: node, type: host, replicas: 2000}]"
    with pytest.raises(ScenarioError) as caught:
        scenario_from_text(f"version: 1\nname: x\nnodes: {nodes}\nedges: [{edges}]\n")
    remedies = [problem.remedy for problem in caught.value.problems]
    assert len(remedies) == 200
    assert remedies[10] == "did you mean 'node-10'?"
    assert remedies[199].startswith("known are node-1, ")
    assert 0 < len(compared) <= Suggestions.LOOKUPS * Suggestions.COMPARED


def test_one_wrong_name_is_looked_up_once(compared: list[str]) -> None:
    suggestions = Suggestions(["rolling"])
    assert {suggestions.remedy("rollin") for _ in range(50)} == {"did you mean 'rolling'?"}
    assert compared == ["rolling"]


def test_among_very_many_names_those_that_begin_alike_are_compared(compared: list[str]) -> None:
    names = [f"{letter}{n:05}" for letter in "abc" for n in range(10_000)]
    assert nearest("b05000x", names) == "did you mean 'b05000'?"
    assert len(compared) == Suggestions.COMPARED
