"""The nodes, patches and edges of a scenario as they are written, with their defaults."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Time(NamedTuple):
    """A time in seconds that may vary: lognormal around its median."""

    nominal: int
    sigma: float = 0.0

    @classmethod
    def of(cls, written: int | str | Mapping[str, Any]) -> Time:
        """Read a duration, fixed or with a spread."""
        if isinstance(written, int | str):
            return cls(seconds(written))
        return cls(seconds(written["nominal"]), written["sigma"])


class Latent(NamedTuple):
    """A latent failure: how likely, and how long after the commit."""

    probability: float
    delay: Time


class Defect(NamedTuple):
    """A bad release."""

    probability: float
    failure_probability: float
    latent_probability: float


class Detection(NamedTuple):
    """What watches the nodes."""

    probability: float
    delay: Time
    false_alarms_per_day: float


class Crash(NamedTuple):
    """A Weibull life in service."""

    mtbf: int
    shape: float


class Respin(NamedTuple):
    """How long it takes to replace a defective release, and how likely the new one is defective."""

    delay: Time
    defect_probability: float


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
    defect: Defect | None
    time: Time
    rollback_time: Time | None
    rollback_failure: float
    latent: Latent | None


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
        (written, named[written])
        if isinstance(written, str)
        else (f"{entry['id']} (inline)", written)
    )
    time = Time.of(body["duration"])
    rollback = _rollback(body.get("rollback"))
    latent, defect = body.get("latent"), body.get("defect")
    return Patch(
        release=release,
        severity=int(Decimal(str(body["severity"])) * 10),
        duration=time.nominal,
        warmup=seconds(body.get("warmup", 0)),
        restart=body.get("restart", True),
        failure_probability=body.get("failure_probability", 0.0),
        rollback=None if rollback is None else rollback[0].nominal,
        defect=None
        if defect is None
        else Defect(
            defect["probability"],
            defect["failure_probability"],
            defect.get("latent_probability", 0.0),
        ),
        time=time,
        rollback_time=None if rollback is None else rollback[0],
        rollback_failure=0.0 if rollback is None else rollback[1],
        latent=None if latent is None else Latent(latent["probability"], Time.of(latent["delay"])),
    )


def _rollback(written: Any) -> tuple[Time, float] | None:
    """Read a rollback, written as a duration or at length."""
    if written is None:
        return None
    if isinstance(written, int | str):
        return Time.of(written), 0.0
    return Time.of(written["duration"]), written.get("failure_probability", 0.0)


@dataclass(frozen=True)
class Environment:
    """What happens to nodes by itself, and what follows a stop of the plan."""

    repair: Time | None
    detection: Detection | None
    crash: Crash | None
    review: Time | None
    respin: Respin | None

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Environment:
        """Read the section, empty if it is absent."""
        repair, detection, crash = (written.get(key) for key in ("repair", "detection", "crash"))
        review, respin = written.get("review"), written.get("respin")
        return cls(
            None if repair is None else Time.of(repair),
            None
            if detection is None
            else Detection(
                detection["probability"],
                Time.of(detection["delay"]),
                detection.get("false_alarms_per_day", 0.0),
            ),
            None if crash is None else Crash(seconds(crash["mtbf"]), crash.get("shape", 1.0)),
            None if review is None else Time.of(review["delay"]),
            None
            if respin is None
            else Respin(Time.of(respin["delay"]), respin.get("defect_probability", 0.0)),
        )
