"""The event loop: one source, compiled by Numba and, as its own reference, run as plain Python."""
