"""Checks plans and their certificates: no solver, no search, nothing of those who made them."""
