"""Artefacts of studies: one file with all that a study is made of, which can be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchopt.lazily import lazily

if TYPE_CHECKING:
    from patchopt.archive.making import make_archive
    from patchopt.archive.reproducing import Reproduction, reproduce

__all__ = ["Reproduction", "make_archive", "reproduce"]

__getattr__ = lazily(
    __name__,
    {
        "Reproduction": "reproducing",
        "make_archive": "making",
        "reproduce": "reproducing",
    },
)
