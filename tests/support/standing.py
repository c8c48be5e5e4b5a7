"""How nodes, units at work and steps stand between two events of a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]


@dataclass(eq=False)
class Node:
    """How a node stands."""

    new: bool = False
    out: bool = False  # of service, by its own work or failure
    crew: str = ""  # who works on it: an "attempt" or a "rollback" in service
    failed: str = ""  # "work" or "crash"
    latent: str = ""  # "latent" or "impaired"
    reverting: bool = False  # a rollback in service runs
    reverted_by: int = -1  # step of the detected member with which it goes back
    detected: bool = False
    bad: bool = False
    excused: bool = False  # bad when the plan went on after a stop
    finished: bool = False  # once and for all, for strict order
    committed: int = 0  # when it last became new
    made_by: tuple[int, int] = (-1, 0)  # step and attempt that made it new

    @property
    def impaired(self) -> bool:
        """Whether it serves though it is bad: a rollback with a restart ends that at its start."""
        return self.latent == "impaired" and not (self.reverting and self.out)


@dataclass(eq=False)
class Job:
    """A unit, or what a step has of one, with its attempts."""

    step: int
    action: str
    nodes: tuple[str, ...]
    last: int  # number of the last attempt that it may have
    state: str = "idle"  # then "working", "waiting" for a retry, "put off", "over"
    opened: bool = True  # it starts with its step
    attempt: int = 0
    started: int = 0
    late: bool = False  # it works by itself, its step does not wait for it
    members: tuple[str, ...] = ()  # who is worked on in this attempt
    busy: set[str] = field(default_factory=set)  # whose crew is not free yet
    back: set[str] = field(default_factory=set)  # rolled back after this attempt
    crashed: set[str] = field(default_factory=set)  # while they were patched
    failed: set[str] = field(default_factory=set)  # in any attempt since the job was opened
    drawn: int = -1  # when this attempt turned out well or badly
    good: bool = False
    again: bool = False  # a review gives it one more attempt after the one that goes on
    hoping: bool = False  # it waits until its bad members are old
    over: int = 0  # when its last attempt was over

    @property
    def running(self) -> bool:
        """Whether it works or waits for a retry."""
        return self.state in ("working", "waiting")


@dataclass(eq=False)
class Step:
    """A step that has started."""

    id: int
    action: str
    nodes: tuple[str, ...]
    waives: frozenset[str]
    jobs: list[Job]
    running: bool = True
    started: int = 0
    ended: int = -1

    @property
    def active(self) -> bool:
        """Whether it counts as running: work that was put off included."""
        return self.running or any(job.running for job in self.jobs)
