"""What a worker takes for want of memory, and what for a fault of a plan or cell."""

from __future__ import annotations

import errno

import pytest

from patchopt.sweeps.worker import _need_memory


def because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        # As Numba loads compiled code of an earlier process, and what that needs.
        ImportError("cmath.so: failed to map segment from shared object"),
        ImportError("libm.so: cannot allocate memory in static TLS block"),
        because(ValueError("no such overload"), MemoryError()),
    ],
    ids=str,
)
def test_no_memory_has_many_names(error: Exception) -> None:
    with pytest.raises(MemoryError):
        _need_memory(error)


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.ENOSPC, "full")], ids=str)
def test_what_is_no_want_of_memory_stays_an_error(error: Exception) -> None:
    _need_memory(error)
