"""Better schedules: start lists, and annealing over lists of tasks that are never re-sorted."""
