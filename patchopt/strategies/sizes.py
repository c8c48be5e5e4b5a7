"""Sizes of batches and waves: a number of nodes, or a share of those that there are."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator

from patchopt.wording import shown

#: What a last wave takes: all that is left.
REST: Final = "rest"

_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%")
_MOST: Final = 10_000_000


def parse_size(value: object) -> int | str:
    """Read a size: a number of nodes or a share such as ``"20%"``.

    Examples
    --------
    >>> parse_size(5), parse_size("20 %")
    (5, '20%')
    """
    remedy = 'give a number of nodes, 1 or more, or a share such as "20%"'
    if isinstance(value, str):
        match = _SHARE.fullmatch(value.strip())
        if match is None or not 0 < Decimal(match[1]) <= 100:
            raise ValueError(f"{shown(value)} is no size; {remedy}")
        return f"{match[1]}%"
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise ValueError(f"{shown(value)} is no size; {remedy}")
    return value


def parse_sizes(value: object) -> tuple[int | str, ...]:
    """Read the sizes of waves, a list or a text with commas, of which the last may be ``rest``.

    Examples
    --------
    >>> parse_sizes([1, "20%", "rest"]), parse_sizes("1, 20%, rest")
    ((1, '20%', 'rest'), (1, '20%', 'rest'))
    """
    if isinstance(value, str):
        words = value.strip().removeprefix("[").removesuffix("]").split(",")
        value = [_word(word.strip().strip("'\"")) for word in words]
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(
            f'{shown(value)} is no list of sizes; write for example "1, 5, 20%, {REST}"'
        )
    *first, last = value
    if REST in first:
        raise ValueError(f"'{REST}' is not the last size; leave out what follows it")
    return (*map(parse_size, first), REST if last == REST else parse_size(last))


def _word(text: str) -> int | str:
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else text


Size = Annotated[int | str, BeforeValidator(parse_size)]
Sizes = Annotated[tuple[int | str, ...], BeforeValidator(parse_sizes)]


def nodes_of(size: int | str, nodes: int) -> int:
    """Return how many of some nodes a size stands for, shares rounded up, at least one.

    Examples
    --------
    >>> nodes_of(5, 3), nodes_of("20%", 11), nodes_of("rest", 11)
    (5, 3, 11)
    """
    if isinstance(size, int):
        return size
    if size == REST:
        return max(nodes, 1)
    # Decimal: 7% of 100 nodes is seven, not the eight that binary fractions make of it.
    share = Decimal(size.rstrip("%")) / 100
    return max(1, int((share * nodes).to_integral_value(ROUND_CEILING)))
