"""What planners and the simulator work on: expanded, indexed, flat, and trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from patchopt.model.advice import advice
from patchopt.model.arrays import Edges, Limits, Nodes, Releases, Services, Surroundings
from patchopt.model.order import Order
from patchopt.model.scenario import Scenario
from patchopt.model.units import Units
from patchopt.model.windows import WindowSet


@dataclass(frozen=True, eq=False, kw_only=True)
class Infrastructure:
    """A scenario as planners and the simulator need it.

    Made by `patchopt.model.build.build_infrastructure`; nothing is checked again afterwards.
    """

    scenario: Scenario
    sha256: str
    luck: str
    nodes: Nodes
    services: Services
    edges: Edges
    releases: Releases
    limits: Limits
    surroundings: Surroundings
    windows: WindowSet
    units: Units
    order: Order

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed but worth knowing, a line each with its place and what would do."""
        return advice(self)

    @property
    def dependencies(self) -> Mapping[int, tuple[int, ...]]:
        """Components of the order to those that must be done first; empty unless it is strict."""
        return self.order.below if self.limits.strict else {}

    def without_failures(self) -> Self:
        """Return the same infrastructure where nothing goes wrong or varies: the nominal case."""
        none = np.zeros(len(self.nodes))
        nodes = replace(
            self.nodes,
            failure_probability=none,
            rollback_failure_probability=none,
            latent_probability=none,
            duration_sigma=none,
            rollback_sigma=none,
            latent_sigma=none,
        )
        never = np.zeros(len(self.releases.names))
        releases = replace(
            self.releases,
            defect_probability=never,
            defect_failure_probability=never,
            defect_latent_probability=never,
        )
        return replace(self, nodes=nodes, releases=releases, surroundings=Surroundings())

    @property
    def restless(self) -> bool:
        """Whether things happen that no step does: repairs, crashes, alarms, latent failures.

        A review or a new release only follows a stop, which one of these or a step has caused.
        """
        around = self.surroundings
        happens = around.repair_s >= 0 or around.crash_mtbf_s >= 0 or around.alarms_per_day > 0
        latent = (self.nodes.latent_probability, self.releases.defect_latent_probability)
        return happens or any(bool(probability.any()) for probability in latent)

    @property
    def longest_run_s(self) -> int:
        """Upper bound on the nominal work of any plan, all attempts one after another.

        Each piece of work waits at most a period for a window. In all but the last period, too,
        the longest window is at work but for less than the longest piece, which no longer fits.
        """
        rollback = np.maximum(self.nodes.rollback_s[self.nodes.patched], 0)
        attempts = self.limits.max_retries + 1
        count = int(self.nodes.patched.sum())
        length = self.nodes.duration_s + self.nodes.warmup_s
        pieces = 2 * attempts * count
        work = attempts * int(length.sum() + rollback.sum()) + pieces * self.limits.overhead_s
        if self.windows.period_s == 0:
            return work
        longest = max(int(length.max(initial=0)), int(rollback.max(initial=0)))
        used = self.windows.longest_s - longest - self.limits.overhead_s
        periods = pieces if used <= 0 else min(pieces, -(-work // used) + 1)
        return work + periods * self.windows.period_s
