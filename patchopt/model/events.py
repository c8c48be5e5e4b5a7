"""The events of a run, named once: what the simulator records, files hold and reports read."""

from __future__ import annotations

from enum import IntEnum


class EventKind(IntEnum):
    """What happened (MODEL 10); the loop records the number, files bear the `label`.

    Examples
    --------
    >>> EventKind.NODE_DOWN.label
    'node_down'
    """

    RUN_START = 0
    RUN_END = 1
    STEP_WAIT = 2
    STEP_START = 3
    STEP_END = 4
    NODE_DOWN = 5
    NODE_PATCHED = 6
    NODE_SERVING = 7
    PATCH_FAILED = 8
    ROLLED_BACK = 9
    NODE_FAILED = 10
    BUILT = 11
    BUILD_FAILED = 12
    SWITCHED = 13
    ROLLBACK_FAILED = 14
    LATENT_FAILURE = 15
    ROLLBACK_START = 16
    WORK_OVER = 17
    SERVICE_BELOW = 18
    SERVICE_RESTORED = 19
    EDGE_MIXED = 20
    EDGE_SETTLED = 21
    GATE_FAILED = 22
    ABORT = 23
    NODE_LEFT_OUT = 24
    NODE_IMPAIRED = 25
    FAILURE_DETECTED = 26
    NODE_CRASHED = 27
    NODE_REPAIRED = 28
    FALSE_ALARM = 29
    ATTEMPT_WAIT = 30
    ATTEMPT_START = 31
    NODE_PUT_OFF = 32
    PLAN_RESUMED = 33
    RELEASE_REPLACED = 34
    #: Names a node of the event before; it is no event of its own.
    MEMBER = 35

    @property
    def label(self) -> str:
        """The name in ``events.jsonl``."""
        return self.name.lower()
