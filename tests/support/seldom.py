"""Scenarios of what is drawn so seldom that a few hundred generated ones may be without it.

What Hypothesis draws changes with the sources of the package, so a test that wants every feature of
its scenarios checks its law on these as well.
"""

from __future__ import annotations

from support.examples import small

#: b depends on a unit that no mode does, so that where that is skipped b is skipped too.
NO_MODE = small(
    {"a": {"service": "s", "blue_green": False}, "b": {"criticality": 2}},
    min_up={"s": 1},
    edges=[("b", "a")],
    dependency_order="strict",
)

#: Windows without a closing. d depends on c through a node without a patch, a and b on one another.
ALWAYS_OPEN = small(
    {
        "a": {},
        "b": {"patch_with": {"severity": 0}},
        "c": {},
        "d": {"blue_green": False},
        "bare": {"patch": None},
    },
    edges=[("a", "b"), ("b", "a"), ("d", "bare"), ("bare", "c")],
    dependency_order="strict",
    windows={"every": 10, "open": [{"start": 3, "duration": 10}]},
    surge=1,
    abort_after_failures=1,
)

#: The host of the only instance of s cannot be copied; nothing is open at 0. One unit holds a host
#: and its guest, of which one can be undone.
HOSTED = small(
    {
        "rack": {"type": "host", "patch": None},
        "lone": {"type": "host", "host": "rack", "blue_green": False},
        "pair": {"type": "host", "blue_green": False, "patch_with": {"rollback": 1}},
        "guest": {"host": "pair"},
        "served": {"type": "service_instance", "host": "lone", "service": "s", "patch": None},
    },
    min_up={"s": 1},
    incompatible=[("guest", "pair")],
    windows={"every": 10, "open": [{"start": 2, "duration": 6}]},
)

SELDOM = (NO_MODE, ALWAYS_OPEN, HOSTED)
