"""The quick way and the careful way of reading YAML give the same, or the quick one declines."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from patchopt.errors import ScenarioError
from patchopt.files.yaml_tree import _value_with_care, read_yaml
from patchopt.files.yaml_values import NotSimpleError, value_of

_SCALARS = st.sampled_from(
    ["a", "b-1", "1", "-7", "0x1f", "1.5", ".inf", "~", "true", "'2'", '"x: y"', "", "yes", "1:30"]
)
_ODD = st.sampled_from(["017", "&a 1", "*a", "!!str 1", "!x y", "<<", "[", "? [a]\n: b", "--- b"])


def _flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(_SCALARS | _ODD, inner), max_size=3)
    return st.lists(inner, max_size=3).map(lambda some: f"[{', '.join(some)}]") | pairs.map(
        lambda some: "{" + ", ".join(f"{key}: {value}" for key, value in some) + "}"
    )


_DOCUMENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.recursive(_SCALARS | _ODD, _flow, max_leaves=6)),
    max_size=4,
).map(lambda rows: "\n".join(f"{key}: {value}" for key, value in rows))


@given(_DOCUMENTS)
def test_a_document_that_is_read_quickly_holds_what_care_finds(text: str) -> None:
    try:
        quick = value_of(text)
    except (NotSimpleError, yaml.YAMLError):
        return
    assert repr(_value_with_care(text, "text")) == repr(quick)  # repr tells 1 from 1.0 and True


@given(_DOCUMENTS)
def test_a_document_with_mistakes_is_never_read_quickly(text: str) -> None:
    try:
        _value_with_care(text, "text")
    except ScenarioError:
        with pytest.raises((NotSimpleError, yaml.YAMLError)):
            value_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1",
        "a: &x [1]",
        "a: [&x 1, *x]",
        "a: !!int 1",
        "a: !!seq [1]",
        "a: 1\na: 2",
        "<<: {}",
        "a: 017",
        "[a]: 1",
        "a\n---\nb",
        "[" * 51 + "]" * 51,
    ],
)
def test_what_needs_care_is_left_to_it(text: str) -> None:
    with pytest.raises(NotSimpleError):
        value_of(text)


def test_positions_are_those_of_keys_and_of_entries() -> None:
    tree = read_yaml("# none\nnodes:\n  - id: a\n    type: host\n  - {id: b}\n", "text")
    assert tree.position(()) == (2, 1)
    assert tree.position(("nodes", 0)) == (3, 5)
    assert tree.position(("nodes", 0, "type")) == (4, 5)
    assert tree.position(("nodes", 1, "id")) == (5, 6)
    assert tree.position(("nodes", 1, "nothing", 3)) == (5, 5)  # the nearest part around it


def test_fifty_levels_are_simple() -> None:
    deep = value_of("[" * 50 + "]" * 50)
    for _ in range(49):
        (deep,) = deep
    assert deep == []
