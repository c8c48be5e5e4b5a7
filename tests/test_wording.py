"""Whatever is wrong at whichever door: place, cause and remedy, and no word of a library."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from patchopt.errors import PatchoptError
from patchopt.files import load_preset, load_scenario, read_plan
from patchopt.model.presets import FailurePreset
from patchopt.model.scenario import Scenario
from patchopt.resources import resource_folder
from patchopt.strategies import make_strategy, strategy_class
from patchopt.sweeps.config import SweepConfig, check_config
from patchopt.wording import keys_of, shown

#: What Pydantic, json and PyYAML say, and names that they give to parts of types.
LIBRARY = (
    "should be",
    "input should",
    "valid dictionary",
    "valid tuple",
    "valid string",
    "valid integer",
    "instance of",
    "not of type",
    "unable to parse",
    "field required",
    "extra inputs",
    "not permitted",
    "discriminator",
    "union",
    "tagged",
    "unexpected keyword",
    "value error",
    "assertion failed",
    "pydantic",
    "greater than or equal",
    "less than or equal",
    "finite_number",
    "dict[",
    "function-",
    "[key]",
    "<plain>",
    "<spread>",
    "<long>",
    "<name>",
    "<inline>",
    "set_int_max_str_digits",
    "noneType",
    "traceback",
)

WRONG: tuple[Any, ...] = (
    None, True, -1, 0, 3, 2**63, 10**29, 1.5, -0.5, 1e300, float("inf"), float("nan"), "", "soon",
    "x" * 300, "1:30", [], [1], ["a", 2], [[]], {}, {"a": 1}, {"nominal": "x"},
    {"nominal": 1, "sigma": 99}, {"str": 1},
    {"plain": 1}, {"id": []}, {"duration": {"nominal": {}}}, [{"start": []}],
)  # fmt: skip

SCENARIO = {
    "version": 1,
    "name": "x",
    "seed": 1,
    "constraints": {
        "max_parallel": 2,
        "surge": 1,
        "dependency_order": "none",
        "windows": {"every": "1d", "open": [{"start": 0, "duration": "4h"}]},
        "abort_share": 0.5,
    },
    "services": {"web": {"min_up": 1}},
    "patches": {
        "p": {
            "severity": 5,
            "duration": {"nominal": 60, "sigma": 0.3},
            "rollback": {"duration": 5, "failure_probability": 0.1},
            "latent": {"probability": 0.1, "delay": 60},
            "defect": {"probability": 0.1, "failure_probability": 0.5},
        }
    },
    "nodes": [
        {"id": "w", "replicas": 2, "type": "service_instance", "service": "web", "patch": "p"},
        {"id": "d", "type": "database", "criticality": 2, "patch": {"severity": 5, "duration": 60}},
    ],
    "edges": [{"source": "web", "target": "d", "compatibility": "degraded"}],
    "environment": {"repair": 60, "crash": {"mtbf": 60, "shape": 2}},
}
PRESET = {
    "name": "x",
    "failure_probability": 0.5,
    "duration_sigma": 0.1,
    "defect": {"probability": 0.1, "failure_probability": 0.5},
    "latent": {"probability": 0.1, "delay": {"nominal": 60, "sigma": 1}},
    "environment": {"repair": {"nominal": 60}, "detection": {"probability": 1, "delay": 60}},
}
PLAN = {
    "version": 1,
    "scenario": {"name": "x", "sha256": "0"},
    "strategy": {"name": "rolling", "parameters": {"pause": 1}},
    "steps": [
        {"id": 0, "action": "patch", "nodes": ["a"], "guarded": True, "waives": []},
        {"id": 1, "action": "pause", "after": [0], "duration": 5, "gate": {"max_failures": 0}},
    ],
    "certificate": {
        "status": "optimal",
        "objective": 1,
        "bound": 1,
        "gap": 0.0,
        "wall_time_s": 0.5,
        "seed": 0,
        "parameters": {},
    },
}


def _sweep() -> dict[str, Any]:
    folder = resource_folder("conf")
    sections = ("sweep/default", "optimizer/default", "simulator/default", "parallel/local")
    made: dict[str, Any] = {}
    for section in sections:
        text = (folder / f"{section}.yaml").read_text(encoding="utf-8")
        values = OmegaConf.to_container(OmegaConf.create(text))
        assert isinstance(values, dict)
        made[section.partition("/")[0]] = values
    made["sweep"] |= {"scenarios": ["otel_demo"], "strategies": ["rolling"]}
    return made | {"failures": copy.deepcopy(PRESET)}


SWEEP = _sweep()


def _file(text: Callable[[Any], str], load: Callable[[str], object], name: str) -> Any:
    def door(folder: Path, values: Any) -> None:
        path = folder / name
        path.write_text(text(values), encoding="utf-8")
        load(str(path))

    return door


def _study(_: Path, values: Any) -> None:
    check_config(values)


def _strategy(name: str) -> Callable[[Path, Any], None]:
    def door(_: Path, values: Any) -> None:
        make_strategy(name, values)

    return door


DOORS: Mapping[str, tuple[Any, Callable[[Path, Any], None]]] = {
    "scenario": (SCENARIO, _file(yaml.safe_dump, load_scenario, "s.yaml")),
    "preset": (PRESET, _file(yaml.safe_dump, load_preset, "p.yaml")),
    "plan": (PLAN, _file(json.dumps, lambda name: read_plan(Path(name)), "plan.json")),
    "sweep": (SWEEP, _study),
    **{
        f"strategy {name}": (
            {field.name: None for field in fields(strategy_class(name))},
            _strategy(name),
        )
        for name in ("canary", "batch_rolling", "hybrid", "optimal")
    },
}


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return every place inside a document."""
    found = [path] if path else []
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, entry in inner:
        found += places(entry, (*path, key))
    return found


def put(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    made = copy.deepcopy(document)
    inner = made
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = copy.deepcopy(value)
    return made


def complaint(folder: Path, door: Callable[[Path, Any], None], values: Any) -> str | None:
    try:
        door(folder, values)
    except PatchoptError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", DOORS)
def test_the_documents_that_are_changed_are_right(tmp_path: Path, name: str) -> None:
    document, door = DOORS[name]
    if not name.startswith("strategy"):
        assert complaint(tmp_path, door, document) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", DOORS)
def test_wrong_values_are_refused_in_our_own_words(tmp_path: Path, name: str) -> None:
    document, door = DOORS[name]
    refused = 0
    for path in places(document):
        for wrong in (*WRONG, {"key that is not there": 1}):
            base = {} if name.startswith("strategy") else document
            said = complaint(tmp_path, door, put(base, path, wrong))
            if said is None:
                continue
            refused += 1
            place = ".".join(str(part) for part in path)
            for line in said.splitlines():
                where = f"{name}: {place} = {wrong!r}: {line}"
                lowered = line.lower()
                assert not [word for word in LIBRARY if word.lower() in lowered], where
                assert "; " in line or ": " in line.partition(": ")[2], where
            # A window that is too short is a complaint about the work that needs it.
            assert name == "scenario" or str(path[0]) in said, f"{name}: {place}: {said}"
    assert refused > 10


def test_the_words_of_complaints(tmp_path: Path) -> None:
    document, door = DOORS["sweep"]

    def said(*changes: tuple[tuple[str | int, ...], Any]) -> str | None:
        made = document
        for path, value in changes:
            made = put(made, path, value)
        return complaint(tmp_path, door, made)

    assert said((("sweep", "scenarios"), 3)) == (
        "sweep.scenarios: 3 is not a list; write a list, [..] or lines with -"
    )
    assert said((("sweep", "strategies"), [3])) == (
        "sweep.strategies.0: 3 is no strategy; give a name, or {name: parameters}"
    )
    assert said((("optimizer",), 1)) == (
        "optimizer: 1 is not a mapping; give a mapping of time_limit, workers, gap, seed, "
        "deterministic"
    )
    assert said((("sweep",), None)) == (
        "sweep: None is not a mapping; give a mapping of scenarios, strategies, replications, "
        "stratify, precision, seed, out, force, retry, wait, only, dry_run"
    )
    assert said((("sweep", "scenarois"), 1), (("optimizer", "worker"), 1)) == (
        "optimizer.worker: unknown key 'worker'; did you mean 'workers'?\n"
        "sweep.scenarois: unknown key 'scenarois'; did you mean 'scenarios'?"
    )
    assert said((("failures", "latent", "delay", "sigma"), 4)) == (
        "failures.latent.delay.sigma: 4 does not do; give at most 3"
    )
    assert said((("parallel", "n_jobs"), 10**30)) == (
        f"parallel.n_jobs: {10**30} workers do not do; give -1 for all cores, or from 1 to 512"
    )


@pytest.mark.parametrize(
    ("model", "path", "keys"),
    [
        (Scenario, ("patches", "p", "duration"), ["nominal", "sigma"]),
        (Scenario, ("nodes", 0, "patch", "defect"), list(keys_of(FailurePreset, ("defect",)))),
        (Scenario, ("nodes", 0, "id"), []),
        (SweepConfig, ("optimizer",), ["time_limit", "workers", "gap", "seed", "deterministic"]),
        (SweepConfig, ("sweep", "nowhere"), []),
    ],
)
def test_the_keys_of_a_place(model: type, path: tuple[str | int, ...], keys: list[str]) -> None:
    assert keys_of(model, path) == keys


def test_values_are_shown_short_whatever_their_size() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (10**6000, deep, "x" * 10**6, {"a": [10**6000]}, list(range(10**6))):
        assert len(shown(value)) <= 40
