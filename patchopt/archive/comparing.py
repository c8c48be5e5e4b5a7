"""Two runs of one study, table by table: the same bytes, the same rows, or what differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from patchopt.files.dataset import read_dataset

#: Tables that two runs of one study have alike, and the columns that tell their rows apart.
#: Elsewhere numbers of plans are left out: they count within a study.
KEYS: Final = {
    "plans": ("scenario", "label"),
    "runs": ("scenario", "label", "seed", "replication"),
    "bounds": ("scenario", "seed", "replication"),
    "events": ("plan", "seed", "replication", "number"),
}
_COUNTED: Final = "plan"
Verdict = Literal["same bytes", "same rows", "differs"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a table of one run is beside that of another.

    Parameters
    ----------
    table : str
        Its name, after the folder of its sweep where there are several.
    rows : int
        How many were compared.
    verdict : str
        ``same bytes``, ``same rows`` (other versions or another commit are named in the file),
        ``differs``.
    detail : str
        The first difference; empty if there is none.
    """

    table: str
    rows: int
    verdict: Verdict
    detail: str = ""


def compare_datasets(first: Path, again: Path, *, part: bool = False) -> list[Compared]:
    """Compare a dataset with that of another run.

    Parameters
    ----------
    first, again : Path
        Folders of the datasets.
    part : bool
        Whether the second run is of a part of the study: then its rows are looked up in the
        first.

    Returns
    -------
    list of Compared
        Plans, replications, bounds and, of whole studies, events. Measured times differ and are
        not compared.
    """
    one, other = read_dataset(first), read_dataset(again)
    found = []
    for name, keys in KEYS.items():
        if part and _COUNTED in keys:
            continue  # plans of a part are counted otherwise
        mine, theirs = getattr(one, name), getattr(other, name)
        rows = len(theirs)
        if not part and _bytes(first, name) == _bytes(again, name):
            found.append(Compared(table=name, rows=rows, verdict="same bytes"))
            continue
        detail = _difference(mine, theirs, list(keys), part=part)
        verdict: Verdict = "differs" if detail else "same rows"
        found.append(Compared(table=name, rows=rows, verdict=verdict, detail=detail))
    return found


def _bytes(folder: Path, name: str) -> bytes:
    return (folder / f"{name}.parquet").read_bytes()


def _difference(first: pd.DataFrame, again: pd.DataFrame, keys: list[str], *, part: bool) -> str:
    """Say where two tables differ first; empty if they do not."""
    left, right = (_by_key(table, keys) for table in (first, again))
    new = right.index.difference(left.index)
    if len(new):
        return f"{_row(keys, new[0])} is not in the artefact"
    if part:
        left = left.loc[left.index.isin(right.index)]
    gone = left.index.difference(right.index)
    if len(gone):
        return f"{_row(keys, gone[0])} is missing"
    for column in left.columns:
        mine, theirs = left[column].astype(object), right[column].astype(object)
        apart = (mine != theirs) & ~(mine.isna() & theirs.isna())
        if apart.any():
            place = int(apart.to_numpy().argmax())
            what = f"{column} was {_short(mine.iloc[place])} and is {_short(theirs.iloc[place])}"
            return f"{_row(keys, left.index[place])}: {what} ({int(apart.sum()):,} rows)"
    return ""


def _by_key(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return a table by its keys as text, in their order, whatever its columns' types are."""
    rest = table.drop(columns=[_COUNTED, *keys], errors="ignore")
    texts = [table[key].astype(object).fillna("").astype(str) for key in keys]
    return rest.set_index(pd.MultiIndex.from_arrays(texts, names=keys)).sort_index()


def _row(keys: list[str], values: tuple[object, ...]) -> str:
    return ", ".join(f"{key} {value}" for key, value in zip(keys, values, strict=True))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
