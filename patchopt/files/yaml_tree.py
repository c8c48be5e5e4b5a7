"""YAML as plain data with positions: safe, bounded, and without surprises.

The tree is built from the parser's events, not by recursion, so that neither depth nor
aliases can exhaust the machine. Scalars follow the YAML 1.2 core schema: ``yes`` and
``1:30`` are text, as they look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import yaml

from patchopt.errors import Problem, ScenarioError
from patchopt.files.yaml_scalars import LEADING_ZERO, events_of, resolve
from patchopt.files.yaml_values import MAX_DEPTH, NotSimpleError, value_of

#: Most bytes of a file that is read.
MAX_BYTES: Final = 64 << 20
#: Most values that aliases may add to those written out.
MAX_ALIASED: Final = 100_000

Path = tuple[str | int, ...]

_CORE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)


@dataclass(frozen=True)
class Tree:
    """A document: its value, and where each part of it stands.

    Parameters
    ----------
    value : object
        Dicts, lists, text, numbers, truth values and None.
    text : str
        The document. Where its parts stand is only found out once somebody asks: hardly
        anybody does of a document without mistakes.
    """

    value: Any
    text: str

    @cached_property
    def positions(self) -> dict[Path, tuple[int, int]]:
        """Line and column, from 1, of every value and, for mappings, of its key."""
        builder = _Builder("")
        for event in events_of(self.text):
            builder.take(event)
        return builder.positions

    def position(self, path: Path) -> tuple[int, int]:
        """Return the position of a path, or of the nearest part around it that is there."""
        while path not in self.positions:
            if not path:
                return 1, 1
            path = path[:-1]
        return self.positions[path]

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return problems, each once, with their positions, in the order of the file."""
        found = []
        for problem in dict.fromkeys(problems):
            line, column = self.position(problem.path)
            found.append(replace(problem, line=line, column=column))
        return sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))


@dataclass
class _Open:
    """A mapping or a list that is not closed yet."""

    container: dict[Any, Any] | list[Any]
    path: Path
    anchor: str | None
    key: Any = None
    has_key: bool = False
    size: int = 1


@dataclass
class _Anchored:
    value: Any
    size: int
    done: bool = True


@dataclass
class _Builder:
    source: str
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    aliased: int = 0
    root: Any = None
    documents: int = 0

    def refuse(self, event: yaml.Event, message: str, remedy: str) -> None:
        line, column = _position(event.start_mark)
        self.problems.append(Problem(self._path(), message, remedy, line, column))

    def stop(self, event: yaml.Event, message: str, remedy: str) -> ScenarioError:
        self.refuse(event, message, remedy)
        return ScenarioError(self.problems, self.source)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.stop(event, "there is a second document", "keep one in a file")
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)

    def _path(self) -> Path:
        if not self.open:
            return ()
        top = self.open[-1]
        if isinstance(top.container, list):
            return (*top.path, len(top.container))
        return (*top.path, top.key) if top.has_key else top.path

    def _wants_key(self) -> bool:
        return (
            bool(self.open)
            and isinstance(self.open[-1].container, dict)
            and not self.open[-1].has_key
        )

    def _tagged(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _CORE_TAGS:
            self.refuse(event, f"tag '{event.tag}' is not taken", "write plain values")

    def _begin(self, event: Any) -> None:
        self._tagged(event)
        if self._wants_key():
            raise self.stop(event, "a key is a list or a mapping", "write plain text as keys")
        if len(self.open) >= MAX_DEPTH:
            raise self.stop(event, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        path = self._path()
        self.positions.setdefault(path, _position(event.start_mark))
        container: dict[Any, Any] | list[Any] = (
            {} if isinstance(event, yaml.MappingStartEvent) else []
        )
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(container, 1, done=False)
        self.open.append(_Open(container, path, event.anchor))

    def _end(self, event: yaml.Event) -> None:
        closed = self.open.pop()
        if closed.anchor is not None:
            self.anchors[closed.anchor] = _Anchored(closed.container, closed.size)
        self._put(event, closed.container, closed.size)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._tagged(event)
        plain = event.implicit[0] and not event.style and event.tag is None
        if self._wants_key():
            self._key(event)
            return
        if plain and LEADING_ZERO.fullmatch(event.value):
            # 17 to some readers, 15 to others: nobody shall have to know which this one is.
            digits = event.value.lstrip("+-0") or "0"
            remedy = f"write {digits}, or quote it if it is text"
            self.refuse(event, f"{event.value[:40]} begins with a zero", remedy)
        value = resolve(event.value) if plain else event.value
        self.positions.setdefault(self._path(), _position(event.start_mark))
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1)
        self._put(event, value, 1)

    def _key(self, event: yaml.ScalarEvent) -> None:
        top = self.open[-1]
        key = event.value
        if key == "<<":
            self.refuse(event, "merge keys are not taken", "write the keys out")
        elif key in top.container:
            self.refuse(event, f"key '{key}' is there twice", "keep one of the two")
        top.key, top.has_key = key, True
        self.positions.setdefault((*top.path, key), _position(event.start_mark))

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchored = self.anchors.get(event.anchor or "")
        if self._wants_key():
            raise self.stop(event, "an alias as a key", "write the key out")
        if anchored is None:
            raise self.stop(event, f"unknown alias '{event.anchor}'", "define its anchor first")
        if not anchored.done:
            raise self.stop(event, f"alias '{event.anchor}' holds itself", "write it out")
        self.aliased += anchored.size
        if self.aliased > MAX_ALIASED:
            message = f"aliases stand for more than {MAX_ALIASED} values"
            raise self.stop(event, message, "write fewer of them, or use replicas")
        self.positions.setdefault(self._path(), _position(event.start_mark))
        self._put(event, anchored.value, anchored.size)

    def _put(self, event: yaml.Event, value: Any, size: int) -> None:
        if not self.open:
            self.root = value
            return
        top = self.open[-1]
        top.size += size
        if isinstance(top.container, list):
            top.container.append(value)
            return
        top.container.setdefault(top.key, value)
        top.has_key = False


def read_yaml(text: str | bytes, source: str) -> Tree:
    """Read one YAML document.

    Parameters
    ----------
    text : str or bytes
        The document, UTF-8.
    source : str
        Name of the file, for messages.

    Returns
    -------
    Tree

    Raises
    ------
    ScenarioError
        If it is too large or no YAML, or holds tags, double keys, merge keys, or aliases
        that stand for too much; linear in the text.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        problem = Problem((), f"the file is larger than {MAX_BYTES >> 20} MiB", "shorten it")
        raise ScenarioError([problem], source)
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem((), f"byte {error.start} is no UTF-8", "save the file as UTF-8")
        raise ScenarioError([problem], source) from None
    try:
        return Tree(value_of(decoded), decoded)
    except (NotSimpleError, yaml.YAMLError):
        return Tree(_value_with_care(decoded, source), decoded)


def _value_with_care(text: str, source: str) -> Any:
    builder = _Builder(source)
    try:
        for event in events_of(text):
            builder.take(event)
    except yaml.YAMLError as error:
        raise ScenarioError([*builder.problems, _broken(error)], source) from None
    if builder.problems:
        raise ScenarioError(builder.problems, source)
    return builder.root


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _broken(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or getattr(error, "reason", None) or "no YAML"
    line, column = _position(mark) if mark is not None else (1, 1)
    remedy = "check indentation, brackets and quotes here and on the line before"
    return Problem((), f"this is not YAML: {why}", remedy, line, column)
