"""``plan.json``: plans as text and back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from patchopt.errors import PlanError, Problem
from patchopt.files.reading import read_regular
from patchopt.model.plan import Plan
from patchopt.wording import problems_of, shown

#: Most bytes of a plan that is read.
_MAX_BYTES: Final = 1 << 30
#: Longest integer that is read; int() takes quadratic time over long ones.
_MAX_DIGITS: Final = 30
#: Most problems that are shown.
_SHOWN: Final = 20

_ANEW: Final = "mend it or plan the scenario anew"
_HALF_CHARACTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def plan_json(plan: Plan) -> str:
    """Return a plan as JSON text, ending with a newline; reading it back gives the same plan."""
    return json.dumps(plan.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Parameters
    ----------
    path : Path
        Of a ``plan.json``.

    Returns
    -------
    Plan
        Well-formed by itself; whether it fits a scenario is for the simulator to check.

    Raises
    ------
    PlanError
        If it cannot be read, is no JSON or no plan, with every place that is wrong.
    """

    def refuse(*problems: Problem) -> PlanError:
        lines = [problem.render(str(path)) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            lines.append(f"{path}: and {len(problems) - _SHOWN} more problems")
        return PlanError("\n".join(lines))

    values = _read_json(read_regular(path, _MAX_BYTES, refuse), refuse)
    version = values.get("version") if isinstance(values, dict) else None
    if version != 1 or isinstance(version, bool):
        message = (
            "it is no plan" if version is None else f"version {shown(version)} of a plan is unknown"
        )
        remedy = "this patchopt reads version 1; plan the scenario anew"
        raise refuse(Problem(() if version is None else ("version",), message, remedy))
    try:
        return Plan.model_validate(values)
    except ValidationError as error:
        raise refuse(*problems_of(error, Plan, values)) from None


class _Mark:
    """Stands in the tree for a value that JSON or a plan has no room for."""

    def __init__(self, message: str) -> None:
        self.message = message


class _Reading:
    """Collects what `json` would take in silence or stumble over."""

    def __init__(self) -> None:
        self.marked = False

    def mark(self, message: str) -> Any:
        self.marked = True
        return _Mark(message)

    def constant(self, text: str) -> Any:
        return self.mark(f"{text} is not finite")

    def integer(self, text: str) -> Any:
        return int(text) if len(text) <= _MAX_DIGITS else self.mark("the number is too large")

    def number(self, text: str) -> Any:
        value = float(text)
        return value if math.isfinite(value) else self.mark("the number is too large")

    def mapping(self, pairs: list[tuple[str, Any]]) -> Any:
        made = dict(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    made[key] = self.mark("the key is there twice")
                seen.add(key)
        return made


def _read_json(raw: bytes, refuse: Any) -> Any:
    reading = _Reading()
    try:
        values = json.loads(
            raw.decode("utf-8-sig"),
            parse_constant=reading.constant,
            parse_int=reading.integer,
            parse_float=reading.number,
            object_pairs_hook=reading.mapping,
        )
    except UnicodeDecodeError as error:
        message = f"the file is no JSON: byte {error.start} is no UTF-8"
        raise refuse(Problem((), message, "write the plan anew")) from None
    except json.JSONDecodeError as error:
        message = f"the file is no JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise refuse(Problem((), message, _ANEW, error.lineno, error.colno)) from None
    except RecursionError:
        raise refuse(Problem((), "it is nested too deeply", "write the plan anew")) from None
    if reading.marked or _HALF_CHARACTER.search(raw):
        problems = [Problem(where, message, _ANEW) for where, message in _marks(values)]
        if problems:
            raise refuse(*problems)
    return values


def _marks(values: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Walk a tree in its order, without recursion."""
    rest: list[tuple[tuple[str | int, ...], Any]] = [((), values)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, _Mark):
            yield path, value.message
        elif isinstance(value, str) and not _whole(value):
            yield path, "the text holds half a character"
        elif isinstance(value, list):
            rest += [((*path, at), entry) for at, entry in enumerate(value)][::-1]
        elif isinstance(value, dict):
            if not all(map(_whole, value)):
                yield path, "a key holds half a character"
                continue
            rest += [((*path, key), entry) for key, entry in value.items()][::-1]


def _whole(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
