"""YAML as plain data with positions: safe, bounded, and without surprises.

The tree is built from the parser's events, not by recursion, so that neither depth nor
aliases can exhaust the machine. Scalars follow the YAML 1.2 core schema: ``yes`` and
``1:30`` are text, as they look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import yaml

from patchopt.errors import Problem, ScenarioError

#: Most bytes of a file that is read.
MAX_BYTES: Final = 64 << 20
#: Deepest nesting.
MAX_DEPTH: Final = 50
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]{1,30}")

#: Most values that aliases may add to those written out.
MAX_ALIASED: Final = 100_000

Path = tuple[str | int, ...]

_CORE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Tree:
    """A document: its value, and where each part of it stands.

    Parameters
    ----------
    value : object
        Dicts, lists, text, numbers, truth values and None.
    positions : dict of path to (int, int)
        Line and column, from 1, of every value and, for mappings, of its key.
    """

    value: Any
    positions: dict[Path, tuple[int, int]]

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
        if plain and _LEADING_ZERO.fullmatch(event.value):
            # 17 to some readers, 15 to others: nobody shall have to know which this one is.
            digits = event.value.lstrip("+-0") or "0"
            remedy = f"write {digits}, or quote it if it is text"
            self.refuse(event, f"{event.value[:40]} begins with a zero", remedy)
        value = _resolve(event.value) if plain else event.value
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
    builder = _Builder(source)
    try:
        for event in _events(raw.decode("utf-8-sig")):
            builder.take(event)
    except UnicodeDecodeError as error:
        problem = Problem((), f"byte {error.start} is no UTF-8", "save the file as UTF-8")
        raise ScenarioError([*builder.problems, problem], source) from None
    except yaml.YAMLError as error:
        raise ScenarioError([*builder.problems, _broken(error)], source) from None
    if builder.problems:
        raise ScenarioError(builder.problems, source)
    return Tree(builder.root, builder.positions)


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _LOADER(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _broken(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or getattr(error, "reason", None) or "no YAML"
    line, column = _position(mark) if mark is not None else (1, 1)
    remedy = "check indentation, brackets and quotes here and on the line before"
    return Problem((), f"this is not YAML: {why}", remedy, line, column)


def _resolve(text: str) -> Any:
    """Return a plain scalar its value by the YAML 1.2 core schema."""
    for pattern, value in _RESOLVERS:
        if pattern.fullmatch(text):
            return value(text)
    return text


def _infinite(text: str) -> float:
    return float("-inf" if text.startswith("-") else "inf")


_RESOLVERS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    # No number of a scenario is longer; int() takes quadratic time over long ones.
    (re.compile(r"[-+]?[0-9]{1,30}"), int),
    (re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), _infinite),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda _: float("nan")),
)
