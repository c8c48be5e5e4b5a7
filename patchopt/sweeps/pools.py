"""The workers that a configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from patchopt.files.store.paths import Paths
from patchopt.sweeps.clusters import cluster_of
from patchopt.sweeps.config import ParallelSection
from patchopt.sweeps.pool import Pool
from patchopt.sweeps.remote_pool import RemotePool


@contextmanager
def pool_of(parallel: ParallelSection, paths: Paths) -> Iterator[Pool | RemotePool]:
    """Have workers inside a ``with``.

    Parameters
    ----------
    parallel : ParallelSection
        Which.
    paths : Paths
        Of the dataset that they are to fill.

    Yields
    ------
    Pool or RemotePool

    Raises
    ------
    PatchoptError
        If there are none.
    """
    if parallel.backend == "local":
        yield Pool(paths, parallel.n_jobs)
        return
    most = None if parallel.n_jobs < 0 else parallel.n_jobs
    with cluster_of(parallel) as cluster:
        yield RemotePool(paths, cluster, most=most, wait_s=parallel.wait)
