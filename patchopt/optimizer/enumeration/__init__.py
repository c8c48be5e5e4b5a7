"""Partial schedules in order of starts, all that a better schedule may begin with."""
