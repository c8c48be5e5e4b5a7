"""What a validator complains about, in the words of whoever wrote the value.

Every door (scenarios, presets, plan files, sweeps, strategies) puts its complaints into words
here: the place as written, what is wrong there, and what would do.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from patchopt.errors import Problem, nearest

#: Longest value that is shown whole.
_SHOWN: Final = 40

_TEXT: Final = ("is not text", "write text, in quotes if it looks like a number")
_WHOLE: Final = ("is not an integer", "write a whole number")
_NUMBER: Final = ("is not a number", "write a plain number")
_TRUTH: Final = ("is not true or false", "write true or false")
_MAPPING: Final = ("is not a mapping", "write keys with values")
_LIST: Final = ("is not a list", "write a list, [..] or lines with -")
_UNICODE: Final = ("is not text in Unicode", "write whole characters")

#: By the kind of the complaint: what the value is not, and what would do.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "string_type": _TEXT,
    "string_unicode": _UNICODE,
    "string_pattern_mismatch": (
        "is no name",
        "use letters, digits and _ . : / @ -, beginning with a letter, a digit or _",
    ),
    "string_too_long": ("is too long", "keep it to {max_length} characters"),
    "string_too_short": ("is too short", "write at least {min_length} characters"),
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": ("is not finite", "give a finite number"),
    "greater_than": ("does not do", "give more than {gt}"),
    "greater_than_equal": ("does not do", "give {ge} or more"),
    "less_than": ("does not do", "give less than {lt}"),
    "less_than_equal": ("does not do", "give at most {le}"),
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "too_short": ("is empty", "add an entry"),
    "too_long": ("has too many entries", "keep it to {max_length}"),
    "literal_error": ("is not known", "write {expected}"),
    "recursion_loop": ("holds itself", "write it out"),
}


def problems_of(
    error: ValidationError, model: Any, value: Any, path: tuple[str | int, ...] = ()
) -> list[Problem]:
    """Put what a validator found into words.

    Parameters
    ----------
    error : ValidationError
        What it found.
    model : type
        What the value was to become.
    value : object
        What was given: it tells the keys of a place from names of the validator's own.
    path : tuple of str or int
        Where the value stands in its document.

    Returns
    -------
    list of Problem
        One for each mistake, in the order found.

    Examples
    --------
    >>> from patchopt.model.scenario import Edge
    >>> given = {"source": "web", "targt": "db"}
    >>> try:
    ...     Edge.model_validate(given)
    ... except ValidationError as error:
    ...     for problem in problems_of(error, Edge, given):
    ...         print(problem.render("edge"))
    edge: target: target is missing; add it
    edge: targt: unknown key 'targt'; did you mean 'target'?
    """
    details = error.errors(include_url=False)
    inside = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    found = [
        _problem(detail, model, value, path)
        for detail in details
        # A list whose entries are wrong is reported as empty too.
        if not (detail["type"] == "too_short" and detail["loc"] in inside)
    ]
    return list(dict.fromkeys(found))


def shown(value: object) -> str:
    """Return a value as a message shows it: short, whatever its size.

    Examples
    --------
    >>> shown("soon"), shown([1, [2, [3, [4]]]])
    ("'soon'", '[1, [2, [3, [...]]]]')
    """
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    text = " ".join(_SHORT.repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


class _Short(reprlib.Repr):
    """Looks no deeper into a value than is shown of it."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 3, 200, 200, 200

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() <= 128 else "..."


_SHORT: Final = _Short()


def _problem(detail: ErrorDetails, model: Any, value: Any, path: tuple[str | int, ...]) -> Problem:
    kind, given = detail["type"], detail["input"]
    inner = _written(detail["loc"], value)
    if kind in ("missing", "missing_argument"):
        inner = (*inner, detail["loc"][-1])
        return Problem(path + inner, f"{inner[-1]} is missing", "add it")
    where = path + inner
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        key = str(detail["loc"][-1])
        return Problem(where, f"unknown key '{key}'", nearest(key, keys_of(model, inner[:-1])))
    context = detail.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        message, _, remedy = str(context["error"]).partition("; ")
        return Problem(where, message, remedy or "give another value")
    words, remedy = _WORDS.get(kind, ("does not do", "give another value"))
    plain = {
        key: f"{value:.15g}" if isinstance(value, float) else value
        for key, value in context.items()
    }
    return Problem(where, f"{shown(given)} {words}", remedy.format(**plain))


def _written(loc: tuple[int | str, ...], value: Any) -> tuple[int | str, ...]:
    """Return the parts of a validator's place that stand in the value; others are its own names."""
    path = []
    for part in loc:
        if isinstance(part, str) and part.startswith("<"):  # the tag of a union
            continue
        if isinstance(value, Mapping):
            if part not in value:
                continue
            value = value[part]
        elif isinstance(value, list | tuple):
            if not isinstance(part, int) or not 0 <= part < len(value):
                continue
            value = value[part]
        elif isinstance(value, BaseModel) or is_dataclass(value):
            if not isinstance(part, str) or not hasattr(value, part):
                continue
            value = getattr(value, part)
        else:
            continue
        path.append(part)
    return tuple(path)


def keys_of(model: Any, path: tuple[str | int, ...] = ()) -> list[str]:
    """Return the keys that are taken at a place.

    Parameters
    ----------
    model : type
        What the whole is to become.
    path : tuple of str or int
        From there to the place.

    Returns
    -------
    list of str
        Those of every kind of mapping that may stand there; empty for others.

    Examples
    --------
    >>> from patchopt.model.scenario import Scenario
    >>> keys_of(Scenario, ("constraints", "windows", "open", 0))
    ['start', 'duration']
    """
    kinds = list(_kinds(model))
    for part in path:
        kinds = [kind for outer in kinds for kind in _inside(outer, part)]
    return list(dict.fromkeys(key for kind in kinds for key in _fields(kind)))


def _kinds(annotation: Any) -> Iterator[Any]:
    """Look through unions and metadata."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (list, tuple, dict) or not get_args(annotation):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from _kinds(argument)


def _inside(kind: Any, part: str | int) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is dict:
        yield from _kinds(get_args(kind)[1])
    elif origin in (list, tuple):
        yield from _kinds(get_args(kind)[0])
    elif part in (fields := _fields(kind)):
        yield from _kinds(fields[str(part)])


def _fields(kind: Any) -> dict[str, Any]:
    """Return the annotations of a model's or a dataclass's fields."""
    if not isinstance(kind, type):
        return {}
    if issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {name: hints[name] for name in kind.__dataclass_fields__}
    return {}


def plural(count: int, noun: str) -> str:
    """Write a count and its noun.

    Examples
    --------
    >>> plural(1, "step"), plural(2, "step")
    ('1 step', '2 steps')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
