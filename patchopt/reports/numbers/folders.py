"""The datasets below a folder: what a multirun has left behind."""

from __future__ import annotations

import re
from pathlib import Path


def dataset_folders(folder: Path) -> list[Path]:
    """Return the folders to report on: the folder itself, or those of the jobs in it.

    Parameters
    ----------
    folder : Path
        Of a dataset, or of a multirun.

    Returns
    -------
    list of Path
        The folder itself unless it is a multirun's; jobs by their numbers.
    """
    if (folder / "runs.parquet").is_file() or not folder.is_dir():
        return [folder]
    inner = [path.parent for path in folder.glob("*/runs.parquet")]
    # `compare` keeps one dataset of that name; its folder is no multirun.
    if [path.name for path in inner] == ["dataset"]:
        return [folder]
    return sorted(inner, key=lambda path: _by_number(path.name)) or [folder]


def _by_number(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
