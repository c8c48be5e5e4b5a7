"""Standard output and standard error that take whatever is printed.

A terminal may know few characters, the reader of a pipe may leave, a stream may be closed:
none of that is a reason to lose the result of a command, or its exit code.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from patchopt.errors import OutputError

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Name of the error handler of our streams.
_PLAIN: Final = "patchopt.plain"

#: What stands for our own characters where the encoding lacks them.
_STAND_INS: Final = {
    "·": "*",  # weight·s
    "×": "x",
    "–": "-",
    "…": "...",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "σ": "sigma",
}


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    escaped = (_STAND_INS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in missing)
    return "".join(escaped), error.end


class _PatientFile(io.FileIO):
    """A file that goes on, into nothing, when its reader has gone (`patchopt list | head`).

    Parameters
    ----------
    descriptor : int
        Of the file, which stays open.
    dear : bool
        Whether what cannot be written for another reason, such as a full disk, is an error.
    """

    def __init__(self, descriptor: int, *, dear: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._dear = dear

    def write(self, data: Buffer, /) -> int:
        """Write; what nobody can read counts as written."""
        try:
            return super().write(data)
        except OSError as error:
            # Nothing can be written there any more; Python would complain again at its end.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if self._dear and not isinstance(error, BrokenPipeError):
                why = error.strerror or str(error)
                raise OutputError(
                    f"cannot be written: {why[:1].lower()}{why[1:]}",
                    place="standard output",
                    remedy="send it to a place with room left",
                ) from None
            return memoryview(data).nbytes


def make_patient() -> None:
    """Make standard output and standard error take whatever is printed."""
    codecs.register_error(_PLAIN, _plainly)
    sys.stdout = _patient(sys.stdout, dear=True)
    sys.stderr = _patient(sys.stderr, dear=False)


def _patient(stream: TextIO | None, *, dear: bool) -> TextIO:
    if stream is None:  # closed before we began, as by `>&-`
        return Path(os.devnull).open("w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # a notebook's, a test's
    raw = getattr(stream.buffer, "raw", stream.buffer)  # without a buffer (`python -u`) it is raw
    if os.name == "posix" and isinstance(raw, io.FileIO):
        stream.flush()
        return io.TextIOWrapper(
            io.BufferedWriter(_PatientFile(stream.fileno(), dear=dear)),
            encoding=stream.encoding,
            errors=_PLAIN,
            line_buffering=stream.line_buffering or stream.write_through,
        )
    stream.reconfigure(errors=_PLAIN)
    return stream
