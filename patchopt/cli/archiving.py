"""``patchopt archive`` and ``patchopt reproduce``: a study in one file, and run again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from patchopt.cli import printing
from patchopt.cli.progress import progress

if TYPE_CHECKING:
    from patchopt.archive import Reproduction
    from patchopt.cli.requests import ArchiveRequest, ReproduceRequest

#: Differing packages that are named.
_MOST = 8


def deliver_archive(request: ArchiveRequest) -> int:
    """Make an artefact, say what is in it, and return the exit code."""
    from patchopt.archive import make_archive

    manifest = make_archive(*request.datasets, out=request.out, force=request.force)
    if request.as_json:
        printing.as_json(manifest.model_dump(mode="json"))
        return 0
    size = request.out.stat().st_size / 2**20
    sys.stdout.write(
        f"{len(manifest.files)} files, {size:.1f} MiB: {request.out}\n"
        f"run it again: patchopt reproduce {request.out} --quick\n"
    )
    return 0


def deliver_reproduction(request: ReproduceRequest) -> int:
    """Run a study again; 0 if it comes to the same, 1 if anything differs."""
    from patchopt.archive import reproduce

    with progress() as show:
        found = reproduce(
            request.archive,
            quick=request.quick,
            workers=request.workers,
            watch=show,
            tell=None if request.as_json else printing.warn,
        )
    if request.as_json:
        printing.as_json(asdict(found) | {"same": found.same})
    else:
        _print(found)
    return 0 if found.same else 1


def _print(found: Reproduction) -> None:
    columns = [("table", False), ("rows", True), ("", False), ("first difference", False)]
    rows = [[one.table, f"{one.rows:,}", one.verdict, one.detail] for one in found.compared]
    printing.table(columns, rows, f"Run again: {', '.join(found.scenarios)}")
    if found.other:
        named = [f"{name}: {was}, now {is_}" for name, (was, is_) in found.other.items()]
        more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
        sys.stdout.write(f"another environment: {'; '.join(named[:_MOST])}{more}\n")
    sys.stdout.write("reproduced\n" if found.same else "not reproduced\n")
