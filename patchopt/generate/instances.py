"""Instances drawn from factors: the same seed, the same instance, everywhere."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from random import Random
from typing import Any

from patchopt.generate.factors import Factors, own_factors
from patchopt.model.scenario import Scenario

Row = dict[str, Any]


def instance(factors: Factors, seed: int) -> Scenario:
    """Draw an instance.

    Criticalities are 1 to 10, severities 4 to 10 in tenths; min_up is from half of a service's
    instances to all but one. Under strict order services stand in layers, and each that is not
    in the lowest depends on some below. Instances of a service are spread over hosts.

    Parameters
    ----------
    factors : Factors
        What it is like.
    seed : int
        Of all draws.

    Returns
    -------
    Scenario

    Examples
    --------
    >>> from patchopt.generate import factors_of
    >>> scenario = instance(factors_of("strict", 50), seed=1)
    >>> scenario.name, len(scenario.nodes), scenario.constraints.dependency_order
    ('strict-50-1', 50, 'strict')
    """
    return Scenario.model_validate(document(factors, seed)).as_sound()


def document(factors: Factors, seed: int) -> Row:
    """Draw an instance as it would be written in YAML; see `instance`."""
    return _Instance(factors, seed).document()


def name_of(factors: Factors, seed: int) -> str:
    """Return the name of an instance: no two that differ have the same.

    Examples
    --------
    >>> from patchopt.generate import factors_of
    >>> name_of(factors_of("no_blue_green", 20), 7)
    'no-blue-green-20-7'
    >>> name_of(factors_of("plain", 20, slack=0.5), 7)
    'plain-20-7-6a66ae83'
    """
    own = own_factors(factors)
    text = json.dumps(own, sort_keys=True)
    mark = f"-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}" if own else ""
    return f"{factors.family.replace('_', '-')}-{factors.nodes}-{seed}{mark}"


@dataclass(frozen=True)
class _Service:
    name: str
    members: list[str]


class _Instance:
    def __init__(self, factors: Factors, seed: int) -> None:
        self.factors = factors
        self.name = name_of(factors, seed)
        self.luck = Random(seed)  # noqa: S311 - luck, no secret
        self.hosts = self._hosts()
        self.services = self._services(factors.nodes - len(self.hosts))

    def document(self) -> Row:
        """Return the scenario as it would be written."""
        host_of = self._spread()
        nodes = [self._node(host, {"type": "host", "blue_green": False}) for host in self.hosts]
        patches: Row = {}
        for service in self.services:
            for member in service.members:
                told: Row = {"type": "service_instance", "service": service.name}
                if not self._may_be_built():
                    told["blue_green"] = False
                if member in host_of:
                    told["host"] = host_of[member]
                node = self._node(member, told)
                if self.factors.releases == "service":
                    release = f"patch-{service.name}"
                    patches.setdefault(release, node["patch"])
                    node["patch"] = release
                nodes.append(node)
        return {
            "version": 1,
            "name": self.name,
            "facts": [],
            "constraints": self._constraints(),
            "services": {
                service.name: {"min_up": self._min_up(service, host_of)}
                for service in self.services
            },
            "patches": patches,
            "nodes": nodes,
            "edges": [*self._dependencies(), *self._pairs()],
        }

    # --- draws ---

    def _from(self, least: int, most: int) -> int:
        # The stream of `random` is the same in every Python.
        return least + int(self.luck.random() * (most - least + 1))

    def _shuffled(self, names: list[str]) -> list[str]:
        left, drawn = list(names), []
        while left:
            at = self._from(0, len(left) - 1)
            left[at], left[-1] = left[-1], left[at]
            drawn.append(left.pop())
        return drawn

    # --- parts ---

    def _hosts(self) -> list[str]:
        if self.factors.guests is None:
            return []
        fewest, most = self.factors.guests
        count = max(2, round(self.factors.nodes / ((fewest + most) / 2 + 1)))
        return [f"host-{number}" for number in range(count)]

    def _services(self, instances: int) -> list[_Service]:
        services: list[_Service] = []
        while instances > 0:
            size = min(instances, self._from(*self.factors.replicas))
            if instances - size == 1:  # no service of one instance: it could not be spared
                size += 1
            name = f"s{len(services)}"
            members = [f"{name}-{number}" for number in range(size)]
            services.append(_Service(name, members))
            instances -= size
        return services

    def _spread(self) -> dict[str, str]:
        """Put instances on hosts, those of a service on as many as there are."""
        if not self.hosts:
            return {}
        order = self._shuffled(self.hosts)
        members = [member for service in self.services for member in service.members]
        return {member: order[at % len(order)] for at, member in enumerate(members)}

    def _min_up(self, service: _Service, host_of: dict[str, str]) -> int:
        size = len(service.members)
        least = (size + 1) // 2
        drawn = self._from(least, max(least, size - 1))
        if self.factors.slack is not None:
            drawn = size - max(1, round(self.factors.slack * size))
        hosts = [host_of[member] for member in service.members if member in host_of]
        together = max((hosts.count(host) for host in hosts), default=1)
        return max(0, min(drawn, size - together))

    def _may_be_built(self) -> bool:
        """Draw whether an instance may be built beside, where not all are alike."""
        share = self.factors.blue_green
        return share == 1 or (share > 0 and self.luck.random() < share)

    def _node(self, name: str, told: Row) -> Row:
        factors = self.factors
        duration = (factors.shortest_s + factors.longest_s) // 2
        if factors.durations == "mixed":
            duration = self._from(factors.shortest_s, factors.longest_s)
        patch: Row = {"severity": self._from(40, 100) / 10, "duration": duration}
        if factors.warmup_s is not None:
            patch["warmup"] = self._from(*factors.warmup_s)
        if factors.rollback:
            patch["rollback"] = max(1, round(factors.rollback * duration))
        return {"id": name, "criticality": self._from(1, 10), "patch": patch} | told

    def _constraints(self) -> Row:
        factors = self.factors
        constraints: Row = {"max_parallel": factors.crew, "surge": factors.surge}
        if factors.retries:
            constraints["max_retries"] = factors.retries
        if factors.strict:
            constraints["dependency_order"] = "strict"
        if factors.window_s is not None:
            opens = [{"start": 0, "duration": factors.window_s}]
            constraints["windows"] = {"every": "24h", "open": opens}
        if factors.overhead_s is not None:
            constraints["step_overhead"] = self._from(*factors.overhead_s)
        return constraints

    def _dependencies(self) -> list[Row]:
        """Let each service depend on some of those before it, in layers of a fifth of them."""
        if not self.factors.strict:
            return []
        edges = set()
        layer = max(1, round(len(self.services) / self.factors.tiers))
        for at in range(layer, len(self.services)):
            whole = int(self.factors.depends_on)
            count = whole + (self.luck.random() < self.factors.depends_on - whole)
            first = max(0, (at // layer - 2) * layer)
            for _ in range(count):
                edges.add((at, self._from(first, at // layer * layer - 1)))
        return [
            {"source": self.services[one].name, "target": self.services[other].name}
            for one, other in sorted(edges)
        ]

    def _pairs(self) -> list[Row]:
        """Join instances of different services two by two."""
        service_of = {m: service.name for service in self.services for m in service.members}
        wanted = int(self.factors.paired * self.factors.nodes) // 2
        left = self._shuffled(list(service_of))
        edges: list[Row] = []
        while len(edges) < wanted and len(left) >= 2:
            one, other = left.pop(), left.pop()
            if service_of[one] != service_of[other]:
                told = {"compatibility": "incompatible"}
                edges.append({"source": one, "target": other} | told)
        return edges
