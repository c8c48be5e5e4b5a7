"""Scenario files: read safely, and every problem reported at once (MODEL 2)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from patchopt.errors import Problem, ScenarioError, nearest
from patchopt.files.bundled import bundled_path, bundled_scenarios
from patchopt.files.reading import exists, read_regular
from patchopt.files.yaml_tree import MAX_BYTES, Tree, read_yaml
from patchopt.model.check import Parts, check
from patchopt.model.failures import Environment
from patchopt.model.garbage import collector_paused
from patchopt.model.scenario import (
    Constraints,
    Edge,
    Identifier,
    Node,
    Patch,
    Scenario,
    Service,
)
from patchopt.wording import problems_of, shown

_IDENTIFIER: Final[TypeAdapter[str]] = TypeAdapter(Identifier)
_MAPPINGS: Final[dict[str, type[BaseModel]]] = {"services": Service, "patches": Patch}
_LISTS: Final[dict[str, type[BaseModel]]] = {"nodes": Node, "edges": Edge}


def load_scenario(scenario: str | Path) -> Scenario:
    """Load a scenario and check it.

    Parameters
    ----------
    scenario : str or Path
        A file, or the name of a bundled scenario.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        With every problem of the file: line, column, what is wrong, what would do.
    """
    path = Path(scenario)
    name = str(scenario)
    if name in bundled_scenarios() and not path.is_file():
        path = bundled_path(name)
    if not exists(path):
        known = f"give a YAML file, or a name: {nearest(name, bundled_scenarios())}"
        raise ScenarioError([Problem((), "there is no such file or scenario", known)], name)
    raw = read_regular(path, MAX_BYTES, lambda problem: ScenarioError([problem], name))
    return scenario_from_text(raw, str(path))


@collector_paused()
def scenario_from_text(text: str | bytes, source: str = "<text>") -> Scenario:
    """Read a scenario from YAML text and check it.

    Parameters
    ----------
    text : str or bytes
        The document.
    source : str
        Name for messages.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        As `load_scenario`.
    """
    tree = read_yaml(text, source)
    reader = _Reader(tree)
    scenario = reader.read()
    if reader.problems:
        raise ScenarioError(tree.placed(reader.problems), source)
    assert scenario is not None  # noqa: S101 - without problems there is one
    return scenario


class _Reader:
    """Validates entry by entry, so that one mistake does not hide another."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.problems: list[Problem] = []
        self.broken: set[str] = set()
        self.uncounted: set[str] = set()

    def read(self) -> Scenario | None:
        document = self.tree.value
        if not isinstance(document, dict):
            what = "the file is empty" if document is None else "the file is not a mapping"
            self.problems.append(Problem((), what, "begin with `version: 1` and `name: ...`"))
            return None
        for key in document:
            if key not in Scenario.model_fields:
                known = nearest(key, Scenario.model_fields)
                self.problems.append(Problem((key,), f"unknown key '{key}'", known))
        self._head(document)
        parts = Parts(
            self._model(Constraints, document.get("constraints", {}), ("constraints",))
            or Constraints(),
            dict(self._mapping("services", document)),  # type: ignore[arg-type]  # by its section
            dict(self._mapping("patches", document)),  # type: ignore[arg-type]
            list(self._list("nodes", document)),  # type: ignore[arg-type]
            list(self._list("edges", document)),  # type: ignore[arg-type]
            self.broken,
            self.uncounted,
        )
        if "nodes" in document and document["nodes"] == []:
            self.problems.append(Problem(("nodes",), "there are no nodes", "add one"))
        environment = self._model(Environment, document.get("environment", {}), ("environment",))
        self.problems += check(parts)
        if self.problems:
            return None
        facts = document.get("facts")
        return Scenario(
            version=1,
            name=document["name"],
            seed=document.get("seed", 0),
            luck=document.get("luck"),
            constraints=parts.constraints,
            services=parts.services,
            patches=parts.patches,
            nodes=tuple(node for _, node in parts.nodes),
            edges=tuple(edge for _, edge in parts.edges),
            environment=environment,
            facts=None if facts is None else tuple(facts),
        ).as_sound()

    def _head(self, document: dict[str, Any]) -> None:
        """Check the keys that hold no entries of their own."""
        if document.get("version") != 1 or isinstance(document.get("version"), bool):
            version = document.get("version")
            message = (
                "version is missing" if version is None else f"version {shown(version)} is unknown"
            )
            self.problems.append(Problem(("version",), message, "write `version: 1`"))
        for key in ("name", "nodes"):
            if key not in document:
                self.problems.append(Problem((key,), f"{key} is missing", "add it"))
        for key in ("name", "seed", "luck", "facts"):
            if key in document:
                self._field(Scenario, key, document[key])

    def _field(self, model: type[BaseModel], key: str, value: Any) -> None:
        partial = {"version": 1, "name": "x", "nodes": [{"id": "x", "type": "database"}]}
        document = {**partial, key: value}
        try:
            model.model_validate(document)
        except ValidationError as error:
            self.problems += problems_of(error, model, document)

    def _model(self, model: type[Any], value: Any, path: tuple[str | int, ...]) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.problems += problems_of(error, model, value, path)
        return None

    def _mapping(self, section: str, document: dict[str, Any]) -> Iterator[tuple[str, BaseModel]]:
        entries = document.get(section, {})
        if not isinstance(entries, dict):
            self._shape(section, "mapping")
            return
        for name, value in entries.items():
            try:
                _IDENTIFIER.validate_python(name)
            except ValidationError as error:
                self.problems += problems_of(error, str, name, (section, name))
                continue
            made = self._model(_MAPPINGS[section], value, (section, name))
            if made is None:
                self.broken.add(name)
            else:
                yield name, made

    def _list(self, section: str, document: dict[str, Any]) -> Iterator[tuple[int, BaseModel]]:
        entries = document.get(section, [])
        if not isinstance(entries, list):
            self._shape(section, "list")
            return
        for place, value in enumerate(entries):
            made = self._model(_LISTS[section], value, (section, place))
            if made is not None:
                yield place, made
            elif section == "nodes":
                self.broken |= _names(value)
                self.uncounted |= _services(value, document)

    def _shape(self, section: str, kind: str) -> None:
        message = f"{section} is not a {kind}"
        remedy = "write keys with values" if kind == "mapping" else "write a list"
        self.problems.append(Problem((section,), message, remedy))


def _services(entry: Any, document: dict[str, Any]) -> set[str]:
    """Return the services that a broken entry may belong to: all, unless it says clearly which."""
    if isinstance(entry, dict):
        if isinstance(entry.get("service"), str):
            return {entry["service"]}
        if "service" not in entry and entry.keys() <= Node.model_fields.keys():
            return set()
    services = document.get("services")
    return set(services) if isinstance(services, dict) else set()


def _names(entry: Any) -> set[str]:
    """Return the names that a broken entry would have given to nodes, as far as one can tell."""
    if not isinstance(entry, dict):
        return set()
    stem, replicas = entry.get("id"), entry.get("replicas")
    if not isinstance(stem, str):
        return set()
    names = {stem}
    if isinstance(replicas, int) and 0 < replicas <= 100_000:
        names |= {f"{stem}-{number}" for number in range(1, replicas + 1)}
    return names
