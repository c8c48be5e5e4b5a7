"""What plans for equal nodes cost in expectation where it can be written down (MODEL 13)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Rollout:
    """Equal nodes of weight 1 and one release, one node after another.

    No overhead, warm-up, retries, windows or min_up. The release is defective with a probability
    p; one that replaces it is sound. Costs are total exposures in seconds, for a sound release and
    for a defective one; each mean is linear in p between them.

    Parameters
    ----------
    nodes, work, soak, respin, horizon
        How many nodes; seconds that each is worked on, that a canary is watched, from a stop until
        the next release, until the observation ends.
    rollback
        Seconds of a rollback, at most those of the work.
    seen
        Seconds from a commit until its latent failure is detected, at most the soak; None: a
        defect makes attempts fail instead.
    """

    nodes: int
    work: int
    rollback: int
    soak: int
    respin: int
    horizon: int
    seen: int | None = None

    @property
    def sound(self) -> int:
        """Cost of one node after another: the k-th is old for k times the work."""
        return self.work * self.nodes * (self.nodes + 1) // 2

    def stopped(self, tried: int, delay: int, again: int) -> int:
        """Return the cost if a stop comes `delay` s after the work on so many nodes.

        Attempts that fail: nobody is new before the next release is there, at the stop plus the
        respin. Else each that was tried has been new meanwhile, from its commit until it was seen
        and rolled back. From then on it costs `again`, what the plan costs with a sound release.
        """
        each = self.work if self.seen is not None else self.work + self.rollback
        begins = tried * each + delay + self.respin
        new = 0 if self.seen is None else tried * (self.seen + self.rollback)
        return self.nodes * begins - new + again

    def rolling_on_a_budget(self) -> tuple[int, int]:
        """Cost of a plan that its first failed node stops; attempts must be what fails."""
        return self.sound, self.stopped(1, 0, self.sound)

    def canary(self) -> tuple[int, int]:
        """Cost of one node, the soak and a gate, then the rest: it holds all but one up."""
        sound = self.sound + (self.nodes - 1) * self.soak
        return sound, self.stopped(1, self.soak, sound)

    def gated_at_its_end(self) -> tuple[int, int]:
        """Cost of all nodes, then the soak and a gate."""
        return self.sound, self.stopped(self.nodes, self.soak, self.sound)

    def unstopped(self) -> tuple[int, int]:
        """Cost of all nodes and nothing that stops the plan: a bad release stays bad."""
        new = 0 if self.seen is None else self.nodes * (self.seen + self.rollback)
        return self.sound, self.nodes * self.horizon - new


def mean(costs: tuple[int, int], defective: float) -> float:
    """Return the mean of costs for a sound and a defective release."""
    return (1 - defective) * costs[0] + defective * costs[1]


def break_even(canary: tuple[int, int], other: tuple[int, int]) -> Fraction | None:
    """Return the defect probability at which a canary costs as much as another plan.

    With a sound release the canary costs x more, with a defective one y less. The means differ by
    (1 - p) x - p y, which is 0 at p = x / (x + y): below, the other plan is the better one, above
    it the canary. None: the canary costs more either way.

    Written out, with n nodes, work d, rollback r, soak s, a respin D, seen after v, and the sound
    cost B = d n (n + 1) / 2: x = (n - 1) s.

    - Against a gate at the end, seen in service: the canary's defective cost is
      B + (n - 1) s + n (d + s + D) - v - r, the other's B + n (n d + s + D) - n (v + r). So
      y = n (n d - d) - (n - 1) (v + r) - (n - 1) s, x + y = (n - 1) (n d - v - r), and
      p = s / (n d - v - r): none if detection takes longer than the rollout.
    - Against the same, attempts fail: p = s / (n (d + r)).
    - Against a budget of one, attempts fail: y = -(n - 1) s - n s, so none. Such a plan is a canary
      already, and a soak is pure delay.
    """
    more = canary[0] - other[0]
    less = other[1] - canary[1]
    return Fraction(more, more + less) if more + less > 0 else None
