"""The study that a report is on: one dataset, or several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from patchopt.errors import DatasetError
from patchopt.files.dataset import open_dataset
from patchopt.reports.numbers.folders import dataset_folders
from patchopt.reports.numbers.merging import merged
from patchopt.reports.numbers.study import Study


@contextmanager
def open_study(*folders: Path) -> Iterator[Study]:
    """Open the results of a sweep, or of several as one study, for a ``with``.

    Parameters
    ----------
    *folders : Path
        Of datasets, or of multiruns: of all datasets in them.

    Yields
    ------
    Study

    Raises
    ------
    DatasetError
        If one is missing, damaged or of another schema version, or none holds a plan.
    """
    inner = [path for folder in folders for path in dataset_folders(folder)]
    with ExitStack() as stack:
        opened = [
            Study.of(stack.enter_context(open_dataset(path)), str(path))
            for path in dict.fromkeys(inner)
        ]
        studies = [study for study in opened if not study.cells.empty]
        if not studies:
            message = "the dataset is empty: its sweep was interrupted before the first plan"
            place = ", ".join(map(str, folders))
            raise DatasetError(message, place=place, remedy="run the sweep again")
        yield merged(studies)
