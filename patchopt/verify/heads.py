"""How early anything can start and end under strict order (MODEL 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from patchopt.model.infrastructure import Infrastructure
from patchopt.model.items import Item, Items
from patchopt.model.proof import Claim
from patchopt.verify.groups import Group


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Of every group, the earliest that its first work can start and its last can be done."""

    ready_s: tuple[int, ...]
    done_s: tuple[int, ...]
    delay_s: dict[str, int]


def heads_of(
    infrastructure: Infrastructure,
    items: Items,
    groups: Sequence[Group],
    proven: Collection[Claim] = (),
) -> Heads:
    """Compute how early groups can be, each after all below it.

    Nothing starts before all below has been done, nor, without windows, before the crew could
    have done all of that work.

    Parameters
    ----------
    infrastructure : Infrastructure
        Where.
    items : Items
        What is placed.
    groups : sequence of Group
        In topological order.
    proven : collection of Claim
        What a solver has shown: heads and delays may be taken for so long at least.

    Returns
    -------
    Heads
        Linear in items and in pairs of groups of which one is below the other.
    """
    told: dict[str, dict[str, int]] = {"head": defaultdict(int), "delay": defaultdict(int)}
    for claim in proven:
        known = told[claim.kind]
        known[claim.group] = max(known[claim.group], claim.value_s)
    limits, windows = infrastructure.limits, infrastructure.windows
    crew = limits.max_parallel if windows.period_s == 0 else -1
    work = [sum(_work(items.placed[at]) for at in group.items) for group in groups]
    ready_s: list[int] = []
    done_s: list[int] = []
    for group in groups:
        ready = max((done_s[other] for other in group.below), default=0)
        if crew > 0:
            ready = max(ready, -(-sum(work[other] for other in group.below) // crew))
        ready = max(ready, told["head"].get(group.name, 0))
        ends = {
            (windows.earliest_fit(ready, item.length_s) + finish_s(item, limits.overhead_s))
            for item in (items.placed[at] for at in group.items)
        }
        ready_s.append(ready)
        done_s.append(max(ready, ready + told["delay"].get(group.name, 0), *ends))
    return Heads(ready_s=tuple(ready_s), done_s=tuple(done_s), delay_s={**told["delay"]})


def finish_s(item: Item, overhead_s: int) -> int:
    """Return the least time from the start of an item until it has finished."""
    return item.length_s if item.in_place else item.length_s + overhead_s


def _work(item: Item) -> int:
    return item.size * item.length_s
