"""The flat arrays of an infrastructure: nodes, services, edges, releases, limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from patchopt.model.base import NONE, Flags, Floats, Ints
from patchopt.model.failures import Environment, Spread, nominal_s, sigma_of
from patchopt.model.scenario import Compatibility

#: Numbers of the kinds of edges in arrays.
EDGE_KINDS: dict[Compatibility, int] = {"compatible": 0, "degraded": 1, "incompatible": 2}


@dataclass(frozen=True, eq=False, kw_only=True)
class Nodes:
    """Flat arrays over nodes, each of shape (nodes,) unless said otherwise.

    Parameters
    ----------
    ids : tuple of str
        Names.
    index : dict of str to int
        Number of each name.
    service, host : ndarray of int64
        Service and host of each node, -1 for none.
    weight_milli : ndarray of int64
        Exact weight C x S in thousandths; 0 without a patch.
    patched : ndarray of bool
        Whether the node has a patch.
    duration_s, warmup_s, rollback_s : ndarray of int64
        Of the node's patch; rollback -1 for none.
    restart, blue_green : ndarray of bool
        Whether patching takes the node down; whether a copy can be built.
    failure_probability, rollback_failure_probability, latent_probability : ndarray of float64
        Of one attempt, one rollback, one commit.
    latent_delay_s : ndarray of int64
        Nominal seconds until a latent failure shows.
    duration_sigma, rollback_sigma, latent_sigma : ndarray of float64
        Spreads of the logarithms of these times; 0: fixed.
    release : ndarray of int64
        Release of the node's patch, -1 for none.
    degree : ndarray of int64
        Edges as written that name the node or its service.
    key : ndarray of int64
        Key of the node's draws.
    guest_ptr, guest_idx : ndarray of int64
        Compressed rows: all nodes that run on a node, directly or not.
    """

    ids: tuple[str, ...]
    index: dict[str, int]
    service: Ints
    host: Ints
    weight_milli: Ints
    patched: Flags
    duration_s: Ints
    warmup_s: Ints
    rollback_s: Ints
    restart: Flags
    blue_green: Flags
    failure_probability: Floats
    rollback_failure_probability: Floats
    latent_probability: Floats
    latent_delay_s: Ints
    duration_sigma: Floats
    rollback_sigma: Floats
    latent_sigma: Floats
    release: Ints
    degree: Ints
    key: Ints
    guest_ptr: Ints
    guest_idx: Ints

    def guests(self, node: int) -> Ints:
        """Return all nodes that run on a node, directly or through other hosts."""
        return self.guest_idx[self.guest_ptr[node] : self.guest_ptr[node + 1]]

    def hosts_above(self, node: int) -> Iterator[int]:
        """Return the hosts that a node runs on, the nearest first."""
        host = int(self.host[node])
        while host >= 0:
            yield host
            host = int(self.host[host])

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.ids)


@dataclass(frozen=True, eq=False, kw_only=True)
class Services:
    """Flat arrays over services: names, min_up, instances, and members in compressed rows."""

    names: tuple[str, ...]
    min_up: Ints
    instances: Ints
    ptr: Ints
    idx: Ints

    def members(self, service: int) -> Ints:
        """Return the instances of a service."""
        return self.idx[self.ptr[service] : self.ptr[service + 1]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Edges:
    """Flat arrays over edges. A group is a service (its number) or a node (services + number).

    Parameters
    ----------
    source, target : ndarray of int64, shape (edges,)
        Groups at the two ends.
    kind : ndarray of int64, shape (edges,)
        As in `EDGE_KINDS`.
    ptr, idx : ndarray of int64
        Compressed rows: edges at each group.
    """

    source: Ints
    target: Ints
    kind: Ints
    ptr: Ints
    idx: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Releases:
    """Flat arrays over releases: names, defect probabilities, keys of their draws."""

    names: tuple[str, ...]
    defect_probability: Floats
    defect_failure_probability: Floats
    defect_latent_probability: Floats
    key: Ints


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The constraints of a scenario as plain numbers; -1 stands for none.

    `abort_share_bp` is in hundredths of a percent.
    """

    max_parallel: int
    surge: int
    strict: bool
    max_retries: int
    abort_after_failures: int
    abort_share_bp: int
    overhead_s: int
    horizon_s: int


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What happens to nodes by itself as plain numbers; -1 seconds stand for never.

    Parameters
    ----------
    repair_s, repair_sigma
        Median time until a FAILED node is back, and the spread of its logarithm.
    detection_probability, detection_delay_s, detection_sigma
        Of an IMPAIRED node.
    alarms_per_day
        Mean number of false ones.
    crash_mtbf_s, crash_shape
        Mean and shape of the Weibull life of a node.
    review_s, review_sigma
        Median time from a stop until the plan goes on, and the spread of its logarithm.
    respin_s, respin_sigma, respin_defect_probability
        The same until a defective release is replaced, and whether that one is defective.
    """

    repair_s: int = NONE
    repair_sigma: float = 0.0
    detection_probability: float = 0.0
    detection_delay_s: int = 0
    detection_sigma: float = 0.0
    alarms_per_day: float = 0.0
    crash_mtbf_s: int = NONE
    crash_shape: float = 1.0
    review_s: int = NONE
    review_sigma: float = 0.0
    respin_s: int = NONE
    respin_sigma: float = 0.0
    respin_defect_probability: float = 0.0

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Take the numbers from what a scenario writes."""
        found: dict[str, Any] = {}
        if (repair := environment.repair) is not None:
            found |= _delay("repair", repair)
        if (detection := environment.detection) is not None:
            found |= {
                "detection_probability": detection.probability,
                "detection_delay_s": nominal_s(detection.delay),
                "detection_sigma": sigma_of(detection.delay),
                "alarms_per_day": detection.false_alarms_per_day,
            }
        if (crash := environment.crash) is not None:
            found |= {"crash_mtbf_s": crash.mtbf, "crash_shape": crash.shape}
        if (review := environment.review) is not None:
            found |= _delay("review", review.delay)
        if (respin := environment.respin) is not None:
            found |= _delay("respin", respin.delay)
            found |= {"respin_defect_probability": respin.defect_probability}
        return cls(**found)


def _delay(name: str, delay: int | Spread) -> dict[str, Any]:
    return {f"{name}_s": nominal_s(delay), f"{name}_sigma": sigma_of(delay)}
