"""Jobs for workers on other machines: what they need and what they find travels with them.

A worker that is not on the sweep's machine has no folder in common with it. It keeps scenarios and
plans in a folder of its own, by their keys, and says what it lacks; a job comes a second time then,
with all of it. What it finds goes back as the content of the files that a worker on the sweep's
machine would have written.
"""

from __future__ import annotations

import atexit
import shutil
import socket
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from patchopt import __version__
from patchopt.errors import PatchoptError
from patchopt.files.store.known_bounds import KIND as BOUNDS
from patchopt.files.store.ledger import Record
from patchopt.files.store.paths import Paths
from patchopt.files.store.whole import whole_file
from patchopt.sweeps.work import Job
from patchopt.sweeps.worker import perform

#: Sweeps of which a worker keeps anything, and where: several may use one cluster in turn.
_SWEEPS: Final = 4
_FOLDER_OF: Final[dict[str, Path]] = {}

#: Workers of Dask may be several threads of one process; what is kept is for one at a time.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A job, as it goes to a worker.

    Parameters
    ----------
    sweep : str
        Of which sweep; what was sent for another one is not looked at.
    job : bytes
        The job, as it would stand in its file.
    files : dict of str to bytes
        What it needs: names inside a store and contents. Empty if the worker has it, perhaps.
    version : str
        Of the package that sends it.
    """

    sweep: str
    job: bytes
    files: dict[str, bytes]
    version: str = __version__


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of an errand.

    Parameters
    ----------
    outcome : {"done", "lacks", "refused", "no memory", "died"}
        Whether it is done; or the worker lacks what it needs; or can do none at all; or there was
        no memory for it; or its workers died of it.
    records : list of dict
        That the ledger is to have.
    files : dict of str to bytes
        Names inside a store and contents of what the records name.
    why : str
        Why this worker can do none.
    """

    outcome: Literal["done", "lacks", "refused", "no memory", "died"]
    records: list[Record] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    why: str = ""


def needs(paths: Paths, job: Job) -> list[Path]:
    """Return the files of a store that a job is done from."""
    if job.plan is not None:
        made = [paths.plan(job.plan.key)] if job.plan.made else []
        return [paths.scenario(job.plan.scenario), *made]
    if job.bounds is not None:
        return [paths.scenario(job.bounds.scenario)]
    scenarios = dict.fromkeys(paths.scenario(cell.scenario) for cell in job.cells)
    return [*scenarios, *dict.fromkeys(paths.plan(cell.plan) for cell in job.cells)]


def run_errand(errand: Errand) -> Report:
    """Do a job on a worker that has nothing in common with the sweep but this package.

    Nothing is raised: errors of another machine are told in words.
    """
    if errand.version != __version__:
        return _refusal(f"has patchopt {__version__} instead of {errand.version}")
    try:
        with _ONE_AT_A_TIME:
            return _run(errand)
    except MemoryError:
        return Report(outcome="no memory")
    except PatchoptError as error:
        return _refusal(f"cannot work: {error}")
    except OSError as error:
        return _refusal(f"cannot work: {error.strerror or error}")


def _refusal(why: str) -> Report:
    return Report(outcome="refused", why=f"the worker on {socket.gethostname()} {why}")


def _run(errand: Errand) -> Report:
    paths = _kept(errand.sweep)
    for name, content in errand.files.items():
        with whole_file(paths.store / name) as file:
            file.write(content)
    job = Job.from_json(errand.job)
    if not all(path.exists() for path in needs(paths, job)):
        return Report(outcome="lacks")
    job.write(paths)
    try:
        records = perform(str(paths.folder), job.name, None)
        found = [paths.file_of(record) for record in records if record["kind"] != BOUNDS]
        files = {path.relative_to(paths.store).as_posix(): path.read_bytes() for path in found}
    finally:
        job.remove(paths)
        for path in (*paths.parts.iterdir(), *(paths.store / "traces").iterdir()):
            path.unlink(missing_ok=True)
    return Report(outcome="done", records=records, files=files)


def _kept(sweep: str) -> Paths:
    """Return this process's folder for a sweep, in place of that of the oldest of some sweeps."""
    if sweep not in _FOLDER_OF:
        if len(_FOLDER_OF) == _SWEEPS:
            shutil.rmtree(_FOLDER_OF.pop(next(iter(_FOLDER_OF))), ignore_errors=True)
        _FOLDER_OF[sweep] = folder = Path(tempfile.mkdtemp(prefix="patchopt-", dir=_room()))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        Paths(folder).make_folders()
    return Paths(_FOLDER_OF[sweep])


def _room() -> str | None:
    """Return where a worker of Dask keeps its files, which Dask removes should it be killed."""
    distributed = sys.modules.get("distributed")
    try:
        return str(distributed.get_worker().local_directory) if distributed else None
    except ValueError:
        return None
