"""The nodes, patches and edges of a scenario as they are written, with their defaults."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(value: int | str) -> int:
    """Return a duration in seconds, given as an integer or as a text such as ``1h30m``."""
    if isinstance(value, int):
        return value
    if not re.fullmatch(r"(\d+[smhd])+", value):
        raise ValueError(f"not a duration: {value!r}")
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])", value))


def share_of(value: int | str, count: int) -> int:
    """Return `min_up` as a number of instances; a share is rounded up."""
    if isinstance(value, int):
        return value
    return math.ceil(Fraction(Decimal(value.rstrip("%"))) * count / 100)


@dataclass(frozen=True)
class Patch:
    """A patch as one node meets it; times in seconds, `severity` in tenths."""

    release: str
    severity: int
    duration: int
    warmup: int
    restart: bool
    failure_probability: float
    rollback: int | None
    defect: tuple[float, float] | None


@dataclass(frozen=True)
class Node:
    """One node after the expansion of replicas; `criticality` in hundredths."""

    id: str
    entry: str
    type: str
    service: str | None
    host: str | None
    criticality: int
    blue_green: bool
    patch: Patch | None

    @property
    def weight(self) -> int:
        """Return the node's weight in thousandths (0 without a patch)."""
        return self.criticality * self.patch.severity if self.patch else 0


@dataclass(frozen=True)
class Edge:
    """An edge as written, with the nodes that stand at each end."""

    source: str
    target: str
    compatibility: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


def expand(scenario: Mapping[str, Any]) -> dict[str, Node]:
    """Return all nodes by id, replicas expanded, in the order of the file."""
    nodes: dict[str, Node] = {}
    for entry in scenario["nodes"]:
        replicas = entry.get("replicas")
        for id_ in (
            [entry["id"]]
            if replicas is None
            else [f"{entry['id']}-{k}" for k in range(1, replicas + 1)]
        ):
            nodes[id_] = Node(
                id=id_,
                entry=entry["id"],
                type=entry["type"],
                service=entry.get("service"),
                host=entry.get("host"),
                criticality=int(Decimal(str(entry.get("criticality", 1))) * 100),
                blue_green=entry.get("blue_green", True),
                patch=_patch(entry, scenario.get("patches") or {}),
            )
    return nodes


def _patch(entry: Mapping[str, Any], named: Mapping[str, Any]) -> Patch | None:
    written = entry.get("patch")
    if written is None:
        return None
    release, body = (
        (written, named[written]) if isinstance(written, str) else (entry["id"], written)
    )
    rollback, defect = body.get("rollback"), body.get("defect")
    return Patch(
        release=release,
        severity=int(Decimal(str(body["severity"])) * 10),
        duration=seconds(body["duration"]),
        warmup=seconds(body.get("warmup", 0)),
        restart=body.get("restart", True),
        failure_probability=body.get("failure_probability", 0.0),
        rollback=None if rollback is None else seconds(rollback),
        defect=None if defect is None else (defect["probability"], defect["failure_probability"]),
    )
