"""Workers of Dask and of Ray, as something that takes errands and promises reports.

Both are asked through interfaces of their own rather than through joblib's back-ends: that for
Dask never says that a task has ended in an error, so that its results are waited for in vain once
a worker was killed; that for Ray gives no result before all are there.
"""

from __future__ import annotations

import logging
import socket
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any, Final, Protocol

import joblib

from patchopt.errors import ClusterError, ConfigError
from patchopt.sweeps.config import ParallelSection
from patchopt.sweeps.errands import Errand, Report, run_errand
from patchopt.sweeps.interrupts import unasked
from patchopt.sweeps.retrying import TRIES


class Cluster(Protocol):
    """Workers somewhere, as many as there are at the moment."""

    #: What a promise is broken with when a worker has died of an errand, often enough.
    deaths: tuple[type[BaseException], ...]

    def submit(self, errand: Errand) -> Future[Report]:
        """Give an errand to some worker."""

    def workers(self) -> int:
        """Return how many errands are done at a time; 0 while there is no worker."""


class Dask:
    """Workers of a Dask scheduler.

    Parameters
    ----------
    client : distributed.Client
        Connected to it.
    """

    def __init__(self, client: Any) -> None:
        from distributed import KilledWorker

        self.deaths: tuple[type[BaseException], ...] = (KilledWorker,)
        self._client = client
        # The same errand may have to be done again.
        self._executor = client.get_executor(pure=False)

    def submit(self, errand: Errand) -> Future[Report]:
        """Give an errand to some worker."""
        with warnings.catch_warnings():
            # A large infrastructure is large, and is sent once to each worker.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            promised: Future[Report] = self._executor.submit(run_errand, errand)
        return promised

    def workers(self) -> int:
        """Return how many worker processes are connected to the scheduler."""
        if self._client.status != "running":
            return 0
        try:
            return int(self._client.scheduler_info(n_workers=0)["n_workers"])
        except OSError:
            return 0  # the connection has just ended


class Ray:
    """Workers of a Ray cluster.

    Parameters
    ----------
    ray : module
        Connected to it.
    """

    def __init__(self, ray: Any) -> None:
        self.deaths: tuple[type[BaseException], ...] = (
            ray.exceptions.WorkerCrashedError,
            ray.exceptions.NodeDiedError,
            ray.exceptions.OutOfMemoryError,
        )
        self._ray = ray
        self._remote = ray.remote(max_retries=TRIES - 1)(run_errand)

    def submit(self, errand: Errand) -> Future[Report]:
        """Give an errand to some worker."""
        promised: Future[Report] = self._remote.remote(errand).future()
        return promised

    def workers(self) -> int:
        """Return how many processors the cluster has."""
        return int(self._ray.cluster_resources().get("CPU", 0))


@contextmanager
def cluster_of(parallel: ParallelSection) -> Iterator[Cluster]:
    """Connect to a cluster, or start one on this machine; leave it, or end it, afterwards.

    Parameters
    ----------
    parallel : ParallelSection
        Which.

    Yields
    ------
    Cluster

    Raises
    ------
    ConfigError
        If the package for it is not installed.
    ClusterError
        If it cannot be reached.
    """
    package = _PACKAGES[parallel.backend]
    if find_spec(package) is None:
        raise ConfigError(
            f"there is no {package} here, which parallel={parallel.backend} needs",
            place="parallel.backend",
            remedy=f"install it with pip install 'patchopt[{parallel.backend}]'",
        )
    with ExitStack() as stack:
        try:
            with unasked():
                cluster = _CONNECT[parallel.backend](parallel, stack)
        except (OSError, ValueError, ConnectionError, RuntimeError) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            why = said.splitlines()[0]
            raise ClusterError(
                f"no scheduler can be reached there ({why})",
                place=f"parallel.address={parallel.address}",
                remedy="start one, or give the address that it says it has",
            ) from None
        yield cluster


def _dask(parallel: ParallelSection, stack: ExitStack) -> Cluster:
    import dask
    from distributed import Client, LocalCluster

    # What goes wrong is told by the sweep, once, and that workers come and go is nothing to tell.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS)]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if parallel.address is not None:
        _wait_for(parallel.address, parallel.wait)
        client = Client(parallel.address, timeout=parallel.wait, set_as_default=False)
        return Dask(stack.enter_context(client))
    settings = {"distributed.scheduler.allowed-failures": TRIES - 1}
    stack.enter_context(dask.config.set(settings))
    workers = LocalCluster(
        n_workers=joblib.effective_n_jobs(parallel.n_jobs),
        threads_per_worker=1,
        dashboard_address=None,
    )
    stack.enter_context(workers)
    return Dask(stack.enter_context(Client(workers, set_as_default=False)))


def _ray(parallel: ParallelSection, stack: ExitStack) -> Cluster:
    import ray

    if parallel.address is None:
        here = {"num_cpus": joblib.effective_n_jobs(parallel.n_jobs), "include_dashboard": False}
    else:
        here = {}
        if parallel.address != "auto":
            _wait_for(parallel.address, parallel.wait)
    ray.init(parallel.address, log_to_driver=False, logging_level=logging.ERROR, **here)
    stack.callback(ray.shutdown)
    return Ray(ray)


def _wait_for(address: str, wait_s: float) -> None:
    """Wait until somebody listens at an address, as neither Dask nor Ray does with grace."""
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if not (host and port.isdecimal() and scheme in (*_BY_SOCKET, *_OTHERWISE)):
        raise ValueError("it is no address such as tcp://scheduler:8786")
    if scheme not in _BY_SOCKET:
        return
    last = time.monotonic() + wait_s
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=wait_s).close()
        except OSError:
            if time.monotonic() > last:
                raise
            time.sleep(min(_PAUSE_S, wait_s))
        else:
            return


#: Schemes of addresses behind which a plain socket listens, other ones, seconds between two tries.
_BY_SOCKET: Final = ("", "tcp", "tls", "ray")
_OTHERWISE: Final = ("ucx", "ucxx", "ws", "wss", "inproc")
_PAUSE_S: Final = 0.5

_LOGGERS: Final = ("distributed", "tornado")

_PACKAGES: Final = {"dask": "distributed", "ray": "ray"}
_CONNECT: Final = {"dask": _dask, "ray": _ray}
