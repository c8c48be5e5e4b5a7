"""How loops are compiled by Numba, and how the same source runs as plain Python."""
