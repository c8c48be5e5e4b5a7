"""What the numbers in the loop's rows stand for."""

from __future__ import annotations

from enum import IntEnum


class Action(IntEnum):
    """What a step does; work on nodes comes first."""

    PATCH = 0
    BUILD = 1
    SWITCH = 2
    PAUSE = 3


class Phase(IntEnum):
    """What a job is at."""

    OPEN = 0  # to start with its step
    WORKING = 1  # until the draw; also the whole of a switch or a pause
    WARMING = 2  # after a good draw
    ROLLING_BACK = 3  # after a bad one
    PENDING = 4  # waits for an attempt by itself: a retry, or put off
    OVER = 5


class Stage(IntEnum):
    """What a step is at."""

    WAITING = 0
    RUNNING = 1
    ENDED = 2


class Work(IntEnum):
    """For what a node takes a crew place."""

    NONE = 0
    ATTEMPT = 1
    ROLLBACK = 2  # in service


class Late(IntEnum):
    """Whether a job is done apart from its step."""

    NOT = 0
    WAITING = 1  # the step does not count as running for its sake
    ACTIVE = 2  # the step does


class Stop(IntEnum):
    """Whether the plan is stopped."""

    NO = 0
    PASSING = 1  # it will go on
    FOR_GOOD = 2


class Down(IntEnum):
    """Why a node is FAILED."""

    NOT = 0
    BY_WORK = 1  # its patch or a rollback failed
    CRASHED = 2


class Latency(IntEnum):
    """How far a latent failure has come."""

    NONE = 0
    LATENT = 1  # not seen yet
    IMPAIRED = 2
    REVERTING = 3  # being rolled back


class Happening(IntEnum):
    """What comes over a node by itself; in the queue, a block of all nodes each."""

    CRASH = 0
    REPAIR = 1
    ONSET = 2
    DETECTION = 3


class EdgeKind(IntEnum):
    """What it means that an edge is mixed; the numbers are those of `EDGE_KINDS`."""

    COMPATIBLE = 0
    DEGRADED = 1
    INCOMPATIBLE = 2


class Reason(IntEnum):
    """Why a guarded step waits, and why a plan aborts; with each, what the detail is."""

    NONE = 0
    CREW = 1
    SURGE = 2
    ORDER = 3  # node
    HOST = 4  # node
    SERVICE = 5  # service
    WINDOW = 6
    GATE = 7  # bad nodes and false alarms
    BUDGET = 8  # bad nodes
    NODE = 9  # node
    SHARE = 10  # release
    ENDLESS = 11
    ATTEMPTS = 12  # failed attempts and false alarms
