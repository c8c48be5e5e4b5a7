"""Names of a package that are imported when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``.

    Parameters
    ----------
    package : str
        Its name.
    places : mapping of str to str
        Of each name the module inside the package that has it.

    Examples
    --------
    >>> lazily("patchopt", {"nearest": "errors"})("nearest").__name__
    'nearest'
    """

    def attribute(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return attribute
