"""Settings of every test: the same examples on every run, whatever the machine's speed.

Ctrl-C can be tested however the tests were started: what a shell has put into the background
ignores it, and so would all that it starts.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "patchopt",
    database=None,
    deadline=None,
    derandomize=True,
    # Explaining traces every example, whether or not one fails.
    phases=[phase for phase in Phase if phase is not Phase.explain],
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("patchopt")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


#: Files that take longest, in this order: begun last one would be waited for alone. The wheel's
#: waits for other processes most of its time.
LONGEST = (
    "test_wheel.py",
    "test_sweeps_faults.py",
    "test_archive.py",
    "test_properties_simulator.py",
    "test_properties_laws.py",
    "test_docs.py",
    "test_sweeps_dask.py",
    "test_sweeps_dataset.py",
    "test_optimizer_closings.py",
    "test_optimizer_flows.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    rank = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let nothing trace what is marked so: of its two tracers in a worker pytest-cov stops one.

    The tests take three times as long otherwise.
    """
    if item.get_closest_marker("no_cover") is None:
        return (yield)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)
