"""Plan files: whatever is wrong with one is refused with its place and a remedy."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.errors import PatchoptError, PlanError
from patchopt.files import load_preset, load_scenario, plan_json, read_plan
from patchopt.model.plan import MAX_DEPTH, Gate, Plan

STEP = {"id": 0, "action": "patch", "nodes": ["a"]}
CERTIFICATE = {
    "status": "optimal",
    "objective": 1,
    "bound": 1,
    "gap": 0.0,
    "wall_time_s": 0.5,
    "seed": 0,
    "parameters": {},
}
PLAN = {
    "version": 1,
    "scenario": {"name": "x", "sha256": "0"},
    "strategy": {"name": "rolling", "parameters": {"pause": 1}},
    "steps": [STEP],
    "certificate": CERTIFICATE,
}
HUGE = 2**63


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def refusals(path: Path, text: str | bytes) -> list[str]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    return [line.removeprefix(f"{path}") for line in str(caught.value).splitlines()]


def changed(where: tuple[str | int, ...], value: Any) -> str:
    document = json.loads(json.dumps(PLAN))
    inner = document
    for part in where[:-1]:
        inner = inner[part]
    inner[where[-1]] = value
    return json.dumps(document)


def test_the_plan_that_the_others_change_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    assert read_plan(path) == Plan.model_validate(PLAN)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("steps", 0, "gate"), {"max_failures": HUGE}, "steps.0.gate.max_failures: 9223372036854"),
        (
            ("steps", 0, "gate"),
            {"max_failures": 0, "count": "attempt"},
            "steps.0.gate.count: 'attempt' is not known; write 'bad' or 'attempts'",
        ),
        (("steps", 0, "id"), HUGE, "steps.0.id: 9223372036854775808 does not do; give less than"),
        (("steps", 0, "duration"), HUGE, "steps.0.duration: 9223372036854775808 does not do"),
        (("steps", 0, "not_before"), HUGE, "steps.0.not_before: 9223372036854775808 does not do"),
        (("steps", 0, "after"), [HUGE], "steps.0.after.0: 9223372036854775808 does not do"),
        (("steps", 0, "after"), [-1], "steps.0.after.0: -1 does not do; give 0 or more"),
        (("steps", 0, "nodes"), [chr(0xD800)], "steps.0.nodes.0: the text holds half a character"),
        (("steps", 0, "reason"), "a" + chr(0xDFFF), "steps.0.reason: the text holds half a char"),
        (("steps", 0, "nodes"), "web", "steps.0.nodes: 'web' is not a list"),
        (("steps", 0, "guarded"), 1, "steps.0.guarded: 1 is not true or false"),
        (("steps", 0, "gate"), 3, "steps.0.gate: 3 is not a mapping"),
        (("steps", 0, "acton"), 3, "steps.0.acton: unknown key 'acton'; did you mean 'action'?"),
        (("steps",), nested(900), "steps.0: [[[[...]]]] is not a mapping"),
        (("strategy", "parameters"), {"a": nested(900)}, "strategy.parameters: nested deeper than"),
        (("certificate", "parameters"), {"a": nested(900)}, "certificate.parameters: nested deep"),
        (("strategy", "parameters"), {"a": {chr(0xD800): 1}}, "strategy.parameters.a: a key holds"),
        (("certificate", "objective"), HUGE, "certificate.objective: 9223372036854775808 does not"),
        (("certificate", "bound"), -HUGE, "certificate.bound: -9223372036854775808 does not do"),
        (("certificate", "seed"), HUGE, "certificate.seed: 9223372036854775808 does not do"),
        (("certificate", "gap"), float("nan"), "certificate.gap: NaN is not finite"),
        (("certificate", "gap"), float("inf"), "certificate.gap: Infinity is not finite"),
        (("version",), True, "version: version True of a plan is unknown"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(
    tmp_path: Path, where: tuple[str | int, ...], value: Any, message: str
) -> None:
    (found,) = refusals(tmp_path / "plan.json", changed(where, value))
    assert found.startswith(f": {message}")
    assert "; " in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"id": 0', '"id": ' + "9" * 5000, ": steps.0.id: the number is too large"),
        ('"gap": 0.0', '"gap": 1e999', ": certificate.gap: the number is too large"),
        ('"id": 0', '"id": 0, "id": 0', ": steps.0.id: the key is there twice"),
        ('"version": 1', '"version": 1, "version": 1', ": version: the key is there twice"),
        ('"id": 0', '"id": ', ":1:"),
    ],
)
def test_what_json_would_pass_over_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    (found,) = refusals(tmp_path / "plan.json", json.dumps(PLAN).replace(old, new))
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("gate", "count"), [({}, "bad"), ({"count": "bad"}, "bad"), ({"count": "attempts"}, "attempts")]
)
def test_what_a_gate_counts_is_read_and_written(
    tmp_path: Path, gate: dict[str, Any], count: str
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(changed(("steps", 0, "gate"), {"max_failures": 2} | gate))
    plan = read_plan(path)
    assert plan.steps[0].gate == Gate.model_validate({"max_failures": 2, "count": count})
    assert json.loads(plan_json(plan))["steps"][0]["gate"] == {"max_failures": 2, "count": count}


def test_a_whole_character_of_two_halves_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(changed(("steps", 0, "reason"), "\U0001f600"))
    assert "ud83d" in path.read_text()
    assert read_plan(path).steps[0].reason == "\U0001f600"


def test_parameters_may_be_nested_a_little(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(changed(("strategy", "parameters"), {"a": nested(MAX_DEPTH - 1)}))
    plan = read_plan(path)
    path.write_text(plan_json(plan))
    assert read_plan(path) == plan


@pytest.mark.parametrize("load", [load_scenario, load_preset, lambda name: read_plan(Path(name))])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/dev/zero", "it is a pipe or a device"),
        ("pipe", "it is a pipe or a device"),
        (".", "it is a folder"),
        ("large", "the file is larger than"),
        ("x" * 300, ""),
        ("a\0b", ""),
        ("gone/below", ""),
    ],
)
def test_what_is_no_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: Any, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with Path("large").open("wb") as handle:
        handle.truncate((1 << 30) + 1)
    with pytest.raises(PatchoptError) as caught:
        load(name)
    assert message in str(caught.value)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**63), 10**400, 1e308, float("nan"), "1" * 5000, chr(0xD800)])
    | st.floats()
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    *((key,) for key in PLAN),
    *(
        ("steps", 0, key)
        for key in ("id", "action", "nodes", "after", "gate", "waives", "duration")
    ),
    *(("certificate", key) for key in CERTIFICATE),
    ("strategy", "name"),
    ("strategy", "parameters"),
]


@pytest.mark.slow
@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.sampled_from(PLACES), VALUES)
def test_whatever_the_value_nothing_but_a_plan_error_is_raised(
    tmp_path_factory: pytest.TempPathFactory, where: tuple[str | int, ...], value: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(changed(where, value))
    with contextlib.suppress(PlanError):
        assert plan_json(read_plan(path)).encode("utf-8")
