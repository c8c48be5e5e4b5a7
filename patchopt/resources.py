"""Where conf/ and scenarios/ are: in a checkout beside the package, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

from patchopt.errors import PatchoptError

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str) -> Path:
    """Return a folder of bundled files.

    Parameters
    ----------
    name : str
        ``conf`` or ``scenarios``.

    Returns
    -------
    Path

    Raises
    ------
    PatchoptError
        If this installation has none.
    """
    for folder in (_PACKAGE / "_resources" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise PatchoptError(
        f"this installation of patchopt has no folder '{name}'", remedy="install it again"
    )
