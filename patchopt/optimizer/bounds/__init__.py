"""Lower bounds on the objective, each with what is needed to check it."""

from patchopt.optimizer.bounds.alone import (
    active_makespan_s,
    alone_bound_milli,
    earliest_commit_s,
    latest_commits_s,
)

__all__ = ["active_makespan_s", "alone_bound_milli", "earliest_commit_s", "latest_commits_s"]
