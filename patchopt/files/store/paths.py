"""Where a store keeps what.

The folder ``.sweep`` of a dataset:

- ``lock``: whose it is, while somebody writes.
- ``ledger``: what is finished; nothing else counts.
- ``study.json``: what the dataset is to hold.
- ``scenarios/``, ``plans/``, ``traces/``: JSON files named by keys.
- ``parts/``: rows of finished cells.
- ``jobs/``: what workers are to do, while they do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchopt.files.store.ledger import Record

#: Folder of the store inside a dataset's.
STORE: Final = ".sweep"

#: Folders of a store, all of which are there while somebody writes.
FOLDERS: Final = ("scenarios", "plans", "traces", "parts", "jobs")


@dataclass(frozen=True)
class Paths:
    """Where a store keeps what.

    Parameters
    ----------
    folder : Path
        Of the dataset.
    """

    folder: Path

    @property
    def store(self) -> Path:
        """Folder of the store."""
        return self.folder / STORE

    @property
    def ledger(self) -> Path:
        """File of the ledger."""
        return self.store / "ledger"

    @property
    def lock(self) -> Path:
        """File of the lock."""
        return self.store / "lock"

    @property
    def study(self) -> Path:
        """File of the study."""
        return self.store / "study.json"

    @property
    def parts(self) -> Path:
        """Folder of the parts."""
        return self.store / "parts"

    @property
    def jobs(self) -> Path:
        """Folder of what workers are to do."""
        return self.store / "jobs"

    def make_folders(self) -> None:
        """Make what is not there of the folders of the store."""
        for name in FOLDERS:
            (self.store / name).mkdir(parents=True, exist_ok=True)

    def scenario(self, key: str) -> Path:
        """File of a scenario."""
        return self.store / "scenarios" / f"{key}.json"

    def plan(self, key: str) -> Path:
        """File of a plan."""
        return self.store / "plans" / f"{key}.json"

    def trace(self, plan: str, seed: int) -> Path:
        """File of the events of a plan's first replication under a seed."""
        return self.store / "traces" / f"{plan}-{seed}.json"

    def file_of(self, record: Record) -> Path:
        """File that a record of a plan, a trace or a part speaks of."""
        match record:
            case {"kind": "plan", "key": str(key)}:
                return self.plan(key)
            case {"kind": "trace", "key": str(key), "seed": int(seed)}:
                return self.trace(key, seed)
        return self.parts / str(record["name"])
