"""Plain scalars and events of YAML: the core schema of YAML 1.2, and the parser that is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: What is 17 to some readers of YAML, and 15 to others.
LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]{1,30}")


def events_of(text: str) -> Iterator[yaml.Event]:
    """Parse a text, event by event.

    Parameters
    ----------
    text : str
        The document.

    Returns
    -------
    iterator of yaml.Event

    Raises
    ------
    yaml.YAMLError
        Where it is no YAML.
    """
    loader = _LOADER(text)
    try:
        while True:
            event = loader.get_event()
            yield event
            if type(event) is yaml.StreamEndEvent:
                return
    finally:
        loader.dispose()


def resolve(text: str) -> Any:
    """Return a plain scalar its value by the YAML 1.2 core schema.

    Examples
    --------
    >>> resolve("0x1f"), resolve("yes"), resolve("1:30"), resolve("~")
    (31, 'yes', '1:30', None)
    """
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
