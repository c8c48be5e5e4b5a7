"""A store that is open for writing: its lock held, its ledger open, its contents known."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from patchopt.errors import DatasetError
from patchopt.files.output import prepare_output, unwritable
from patchopt.files.store.contents import STORE_VERSION, Contents
from patchopt.files.store.file_parts import index_of
from patchopt.files.store.growing import check_grows
from patchopt.files.store.ledger import Ledger, Record
from patchopt.files.store.lock import Lock
from patchopt.files.store.parts import PartCell
from patchopt.files.store.paths import FOLDERS, Paths
from patchopt.files.store.study import Study
from patchopt.files.store.whole import whole_file


class Store:
    """The store of a dataset, with its writer's lock held inside a ``with``.

    Parameters
    ----------
    folder : Path
        Of the dataset; made if it is not there.
    study : Study
        What the dataset is to hold.
    force : bool
        Whether what is there may be replaced. What a forced study has left unfinished goes on.
    retry : bool
        Whether what has failed is to be done again.
    wait_s : float
        How long to wait while another process writes there.
    told : callable, optional
        Told who that is.

    Attributes
    ----------
    contents : Contents
        What is finished.

    Raises
    ------
    OutputError
        On entering, if the folder cannot be used, holds something else, or another process
        writes there.
    DatasetError
        If what is there is damaged, or of a study that this one does not contain.
    """

    contents: Contents

    def __init__(
        self,
        folder: Path,
        study: Study,
        *,
        force: bool = False,
        retry: bool = False,
        wait_s: float = 0.0,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self.paths = Paths(folder)
        self.study = study
        self._force = force
        self._retry = retry
        self._wait = (wait_s, told)
        self._open = ExitStack()
        self._ledger: Ledger

    def __enter__(self) -> Self:
        """Take the lock, read what is there, and see whether the study goes on from it."""
        with ExitStack() as opening:
            try:
                prepare_output(self.paths.folder, self._force or self._begun())
                self.paths.store.mkdir(exist_ok=True)
                opening.enter_context(Lock(self.paths.lock, *self._wait))
                going_on = self._going_on()
                if going_on is None:
                    self._clear()
                self.contents = going_on or Contents(self.paths, [])
                if self._retry:
                    self.contents.forget_failures()
                self._ledger = opening.enter_context(Ledger(self.paths.ledger))
                self.paths.make_folders()
                if not self._ledger.records:
                    self.note({"kind": "store", "version": STORE_VERSION, "forced": self._force})
                self._sweep()
            except OSError as error:
                raise unwritable(self.paths.store, error) from None
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the store; what is finished stays."""
        self._open.close()
        if isinstance(error, OSError):
            raise unwritable(self.paths.folder, error) from None

    def _begun(self) -> bool:
        """Tell whether what the folder holds is a store, or the beginning of one, killed early."""
        folder = self.paths.folder
        return self.paths.ledger.exists() or (
            folder.is_dir() and all(path == self.paths.store for path in folder.iterdir())
        )

    def _going_on(self) -> Contents | None:
        """Return what is there if it stays: it may not be replaced, or is this very study's."""
        try:
            before = Contents.read(self.paths.folder)
            study = Study.read(self.paths.study) if before.begun else None
        except DatasetError:
            if not self._force:
                raise
            return None
        if not self._force:
            if study is not None:
                check_grows(before, study, self.study)
            return before
        mine = self.study.metadata["config_sha256"]
        same = study is not None and study.metadata["config_sha256"] == mine
        return before if same and before.forced and before.complete is None else None

    def _clear(self) -> None:
        """Throw away what is there, the ledger first: without it nothing else counts."""
        self.paths.ledger.unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(self.paths.store / name, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what a killed process has left: jobs, half files, and parts that no line names.

        Its workers may still be at it, for half a second; what they take away is gone all the same.
        """
        named = set(self.contents.parts)
        named |= {index_of(Path(name)).name for name in named}
        for path in self.paths.parts.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)
        for path in (*self.paths.jobs.iterdir(), *self.paths.store.glob("*/.*.part")):
            path.unlink(missing_ok=True)

    def begin(self, scenarios: Mapping[str, str]) -> None:
        """Write down what the study is.

        Parameters
        ----------
        scenarios : mapping of str to str
            Of each scenario's key its content, as JSON.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        for key, text in scenarios.items():
            path = self.paths.scenario(key)
            if not path.exists():
                with whole_file(path) as file:
                    file.write(text.encode())
        self.study.write(self.paths.study)
        self.note({"kind": "study", "config_sha256": self.study.metadata["config_sha256"]})

    def note(self, record: Mapping[str, Any]) -> list[PartCell]:
        """Write down that something is finished; when this returns, it stays so.

        Returns
        -------
        list of PartCell
            The cells that are finished with it.

        Raises
        ------
        OutputError
            If it cannot be written down.
        """
        self._ledger.append(record)
        return self.contents.take(dict(record))

    def replace_parts(self, name: str) -> None:
        """Let one part, which holds all that is finished, take the place of all others."""
        old = self.contents
        records: list[Record] = [
            {"kind": "store", "version": STORE_VERSION, "forced": old.forced},
            {"kind": "study", "config_sha256": self.study.metadata["config_sha256"]},
            *({"kind": "plan", "key": key} for key in sorted(old.plans)),
            *({"kind": "trace", "key": key, "seed": seed} for key, seed in sorted(old.traces)),
            *old.bounds.records(),
            {"kind": "part", "name": name},
        ]
        self._ledger.replace(records)
        self.contents = Contents(self.paths, records)
        self._sweep()
