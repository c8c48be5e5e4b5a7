"""Durations, shares and exact weights: the numbers that a scenario is written in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache, wraps
from typing import Annotated, Any, Final, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from patchopt.wording import shown

DAY_S: Final = 86_400

#: No duration may exceed ten years; it keeps every exposure inside 64-bit integers.
MAX_DURATION_S: Final = 10 * 365 * DAY_S

#: Largest criticality; together with severity 10 it bounds a node's weight.
MAX_CRITICALITY: Final = 1_000_000

_UNITS_S: Final = {"d": DAY_S, "h": 3_600, "m": 60, "s": 1}
_DURATION: Final = re.compile(r"(?:(\d{1,12})d)?(?:(\d{1,12})h)?(?:(\d{1,12})m)?(?:(\d{1,12})s)?")
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")


def parse_duration(value: object) -> int:
    """Read a duration as whole seconds.

    Parameters
    ----------
    value : int or str
        Seconds, or a string of days, hours, minutes and seconds in that order.

    Returns
    -------
    int
        Seconds, from 0 to ten years.

    Raises
    ------
    ValueError
        If it is neither, or too long.

    Examples
    --------
    >>> parse_duration("1h30m"), parse_duration("2d"), parse_duration(90)
    (5400, 172800, 90)
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(
            f"{shown(value)} is not a duration; write whole seconds or a string such as 90s, 5m, "
            "1h30m, 2d"
        )
    if isinstance(value, int):
        seconds = value
    else:
        match = _DURATION.fullmatch(value.strip())
        if match is None or not any(match.groups()):
            raise ValueError(
                f"{shown(value)} is not a duration; write whole seconds or a string such as 90s, "
                "5m, 1h30m, 2d"
            )
        seconds = sum(
            int(number) * unit
            for number, unit in zip(match.groups(), _UNITS_S.values(), strict=True)
            if number
        )
    if seconds < 0:
        raise ValueError(f"{shown(seconds)} s is a negative duration; give zero or more")
    if seconds > MAX_DURATION_S:
        raise ValueError("the duration is longer than ten years; give a shorter one")
    return seconds


def format_duration(seconds: float) -> str:
    """Write seconds as a person would say them.

    Examples
    --------
    >>> format_duration(5400), format_duration(0), format_duration(86461)
    ('1h30m', '0s', '1d1m1s')
    """
    rest = round(seconds)
    parts = []
    for unit, size in _UNITS_S.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _positive(seconds: int) -> int:
    if seconds < 1:
        raise ValueError("the duration must be at least one second; give a positive duration")
    return seconds


_DURATION_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"},
    ],
    "description": "Whole seconds, or a string such as 90s, 5m, 1h30m, 2d.",
}

#: A duration in seconds, zero allowed.
Duration = Annotated[int, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA)]

#: A duration of at least one second.
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"{shown(value)} is not a number; give a plain number")
    if not isinstance(value, int) and not math.isfinite(value):
        raise ValueError(f"{value} is not finite; give a finite number")
    # Beyond any limit, and too long to be written out.
    if isinstance(value, int) and value.bit_length() > 128:
        raise ValueError(f"{shown(value)} is out of range; give a smaller number")
    return Decimal(str(value))


def _with_places(number: Decimal, places: int, name: str) -> Decimal:
    if number != number.quantize(Decimal(1).scaleb(-places)):
        raise ValueError(
            f"{number} has more than {places} decimal{'s' if places > 1 else ''}; round the {name}"
        )
    return number


def _each_once(parse: Callable[[object], Decimal]) -> Callable[[object], Decimal]:
    """Remember what the last numbers were read as: a scenario repeats few, many times."""
    remembered = lru_cache(maxsize=1024, typed=True)(parse)

    @wraps(parse)
    def read(value: object) -> Decimal:
        # Equal is not alike: zeros have signs, and decimals trailing zeros. Others have no hash.
        return remembered(value) if type(value) in (int, float) and value else parse(value)

    return read


@_each_once
def parse_criticality(value: object) -> Decimal:
    """Read a criticality: above 0, at most two decimals.

    Examples
    --------
    >>> parse_criticality(2.5)
    Decimal('2.5')
    """
    number = _decimal(value)
    if not 0 < number <= MAX_CRITICALITY:
        raise ValueError(
            f"criticality {number} is out of range; give more than 0 and at most {MAX_CRITICALITY}"
        )
    return _with_places(number, 2, "criticality")


@_each_once
def parse_severity(value: object) -> Decimal:
    """Read a severity: a CVSS base score from 0 to 10, at most one decimal.

    Examples
    --------
    >>> parse_severity(9.8)
    Decimal('9.8')
    """
    number = _decimal(value)
    if not 0 <= number <= 10:
        raise ValueError(f"severity {number} is out of range; give a CVSS base score from 0 to 10")
    return _with_places(number, 1, "severity")


# JSON has no decimals: at this few places the float prints the very same digits.
_AS_NUMBER: Final = PlainSerializer(float, return_type=float, when_used="json")

Criticality = Annotated[
    Decimal,
    BeforeValidator(parse_criticality),
    _AS_NUMBER,
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": MAX_CRITICALITY}),
]
Severity = Annotated[
    Decimal,
    BeforeValidator(parse_severity),
    _AS_NUMBER,
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 10}),
]


def parse_probability(value: object) -> float:
    """Read a probability: a finite number from 0 to 1.

    Examples
    --------
    >>> parse_probability(0.05)
    0.05
    """
    number = float(_decimal(value))
    if not 0 <= number <= 1:
        raise ValueError(f"probability {value} is outside [0, 1]; give a number from 0 to 1")
    return number


Probability = Annotated[
    float,
    BeforeValidator(parse_probability),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]


def parse_abort_share(value: object) -> float:
    """Read a share of failed nodes: above 0, at most 1, at most four decimals.

    Examples
    --------
    >>> parse_abort_share(0.125)
    0.125
    """
    number = _decimal(value)
    if not 0 < number <= 1:
        raise ValueError(f"share {value} is out of range; give more than 0 and at most 1")
    return float(_with_places(number, 4, "share"))


AbortShare = Annotated[
    float,
    BeforeValidator(parse_abort_share),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]


def parse_min_up(value: object) -> int | str:
    """Read a ``min_up``: a count of instances, or a share such as ``"80%"``."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f'{shown(value)} is no min_up; give an integer or a share such as "80%"')
    if isinstance(value, str):
        match = _SHARE.fullmatch(value.strip())
        if match is None or Decimal(match[1]) > 100:
            raise ValueError(
                f'{shown(value)} is no share; give an integer or a share from "0%" to "100%"'
            )
        return f"{match[1]}%"
    if not 0 <= value <= 10_000_000:
        raise ValueError(f"min_up {shown(value)} is out of range; give zero or more")
    return value


MinUp = Annotated[
    int | str,
    BeforeValidator(parse_min_up),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\d{1,3}(\.\d+)?\s*%$"},
            ]
        }
    ),
]


def min_up_of(value: int | str, instances: int) -> int:
    """Return the number of instances that a ``min_up`` asks for, shares rounded up.

    Examples
    --------
    >>> min_up_of("80%", 3), min_up_of("50%", 4), min_up_of(2, 9)
    (3, 2, 2)
    """
    if isinstance(value, int):
        return value
    share = Decimal(value.rstrip("%")) / 100
    return int((share * instances).to_integral_value(rounding=ROUND_CEILING))


def weight_milli(criticality: Decimal, severity: Decimal) -> int:
    """Return a node's weight C x S in thousandths, exactly (MODEL 1).

    Examples
    --------
    >>> weight_milli(Decimal("2.5"), Decimal("9.8"))
    24500
    """
    return int(criticality * 100) * int(severity * 10)


#: Weights and exposures are counted in thousandths, so that they are whole numbers.
MILLI: Final = 1000


@overload
def from_milli(milli: float) -> float: ...
@overload
def from_milli(milli: NDArray[Any]) -> NDArray[np.float64]: ...
def from_milli(milli: float | NDArray[Any]) -> float | NDArray[np.float64]:
    """Return weights or exposures in their own units.

    Parameters
    ----------
    milli : int, float or ndarray
        Thousandths: of a weight, of a weight-second, of a weight a second.

    Returns
    -------
    float or ndarray of float64
        As near as floats can be; `format_milli` writes every digit.

    Examples
    --------
    >>> from_milli(24_500), from_milli(np.array([1, 2000])).tolist()
    (24.5, [0.001, 2.0])
    """
    return milli / MILLI


def format_milli(milli: int) -> str:
    """Write a weight or an exposure with its three decimals, exactly, and its thousands apart.

    Examples
    --------
    >>> format_milli(1_234_567), format_milli(5), format_milli(-1)
    ('1,234.567', '0.005', '-0.001')
    """
    whole, rest = divmod(abs(milli), MILLI)
    return f"{'-' if milli < 0 else ''}{whole:,}.{rest:03d}"
