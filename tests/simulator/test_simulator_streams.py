"""Each kind of luck has its own stream: switching one on never changes another's draws."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from patchopt.simulator.running import Simulator
from support.building import plan_by_hand
from support.contract import infrastructure_of

HOUR = 3600
QUIET: dict[str, Any] = {
    "version": 1,
    "name": "streams",
    "constraints": {"max_retries": 2},
    "services": {"web": {}},
    "nodes": [
        {"id": "web", "replicas": 4, "type": "service_instance", "service": "web", "patch": "CVE-1"}
    ],
}
#: What a patch or the environment gains with a kind, and what is seen of it in the events.
KINDS: dict[str, dict[str, Any]] = {
    "failure": {"failure_probability": 0.4},
    "defect": {"defect": {"probability": 0.5, "failure_probability": 0.9}},
    "duration": {"duration": {"nominal": 600, "sigma": 0.4}},
    "rollback": {"rollback": {"duration": 60, "failure_probability": 0.3}},
    "rollback time": {"rollback": {"duration": {"nominal": 60, "sigma": 0.5}}},
    "latent": {"latent": {"probability": 0.5, "delay": {"nominal": 200, "sigma": 0.7}}},
    "detection": {"detection": {"probability": 0.6, "delay": {"nominal": 100, "sigma": 0.6}}},
    "alarm": {"detection": {"probability": 0.6, "delay": 100, "false_alarms_per_day": 20}},
    "crash": {"crash": {"mtbf": 4 * HOUR, "shape": 0.9}},
    "repair": {"repair": {"nominal": 900, "sigma": 0.5}},
}
PATCH_KEYS = ("failure_probability", "defect", "duration", "rollback", "latent")
# What must be there for anything to be seen of a kind.
NEEDS = {
    "defect": ["failure"],
    "rollback": ["failure"],
    "rollback time": ["failure"],
    "detection": ["latent"],
    "repair": ["crash"],
}

Seen = dict[tuple[str, str, int], object]


def scenario_with(*kinds: str) -> dict[str, Any]:
    scenario = deepcopy(QUIET)
    patch: dict[str, Any] = {"severity": 5.0, "duration": 600, "rollback": 60}
    around: dict[str, Any] = {}
    for kind in kinds:
        for key, value in KINDS[kind].items():
            target = patch if key in PATCH_KEYS else around
            target[key] = _merge(target.get(key), value)
    return scenario | {"patches": {"CVE-1": patch}} | ({"environment": around} if around else {})


def _merge(one: Any, other: Any) -> Any:
    """Join two mappings; what is a mapping goes before what is not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merge(one.get(key), other.get(key)) for key in one | other}
    return one if other is None or isinstance(one, dict) else other


def seen_on(scenario: dict[str, Any], seeds: range) -> list[Seen]:
    """Give, for each seed, every draw that the events tell of, by kind, node and count."""
    infrastructure = infrastructure_of(scenario)
    plan = plan_by_hand(
        infrastructure,
        {"action": "pause", "duration": 4 * HOUR},
        *({"action": "patch", "nodes": [f"web-{k}"], "guarded": False} for k in range(1, 5)),
        {"action": "pause", "duration": HOUR},
    )
    simulator = Simulator(infrastructure, plan)
    return [_seen(simulator.trace(seed)) for seed in seeds]


def _seen(events: list[dict[str, Any]]) -> Seen:
    witness = _Witness()
    for event in events:
        witness.see(event)
    return witness.seen


class _Witness:
    """Tells from events what was drawn, where nothing else has had a part in it."""

    def __init__(self) -> None:
        self.seen: Seen = {}
        self.last: dict[tuple[str, str], int] = {}
        self.crashes: dict[str, int] = {}
        self.alarms = 0

    def see(self, event: dict[str, Any]) -> None:
        name, node = event["event"], event.get("node", "")
        if name == "false_alarm":
            self.alarms += 1
            self.seen["alarm", "", self.alarms] = event["time"]
        elif name in {"node_crashed", "node_repaired"}:
            self._crash(name, node, event["time"])
        elif node and node not in self.crashes:  # else its work has been disturbed
            self._work(name, node, event.get("attempt", 0), event["time"])
        self.last[name, node] = event["time"]

    def _work(self, name: str, node: str, attempt: int, time: int) -> None:
        if name in {"node_patched", "patch_failed"}:
            self.seen["failure", node, attempt] = name
            self.seen["duration", node, attempt] = time - self.last["node_down", node]
            self.seen["latent", node, attempt] = False
        elif name in {"rolled_back", "rollback_failed"}:
            if ("node_patched", node) not in self.last:
                self.seen["rollback", node, attempt] = name
                since = self.last["patch_failed", node]
                self.seen["rollback time", node, attempt] = time - since
        elif name == "latent_failure":
            self.seen["latent", node, attempt] = True
        elif name == "node_impaired":
            self.seen["onset", node, 0] = time - self.last["node_patched", node]
        elif name == "failure_detected":
            self.seen["detection", node, 0] = time - self.last["node_impaired", node]

    def _crash(self, name: str, node: str, time: int) -> None:
        if name == "node_crashed":
            self.crashes[node] = self.crashes.get(node, 0) + 1
            if self.crashes[node] == 1 and ("node_down", node) not in self.last:
                self.seen["crash", node, 1] = time
        elif self.crashes.get(node) == 1 and ("node_down", node) not in self.last:
            self.seen["repair", node, 1] = time - self.last["node_crashed", node]


#: (a kind, what else there is beside it, and what must be seen alike with and without the kind)
BESIDE = [
    ("failure", ["duration", "crash", "repair", "alarm"], {"duration", "crash", "repair", "alarm"}),
    ("defect", ["duration", "latent", "crash"], {"duration", "crash"}),
    ("duration", ["failure", "latent", "rollback"], {"failure", "latent", "rollback"}),
    ("rollback", ["failure", "rollback time", "latent"], {"failure", "rollback time", "latent"}),
    ("rollback time", ["failure", "rollback", "crash"], {"failure", "rollback", "crash"}),
    (
        "latent",
        ["failure", "duration", "crash", "alarm"],
        {"failure", "duration", "crash", "alarm"},
    ),
    ("detection", ["failure", "latent"], {"failure", "latent", "onset"}),
    ("alarm", ["failure", "latent", "detection"], {"failure", "latent", "onset", "detection"}),
    ("crash", ["failure", "duration", "alarm"], {"failure", "duration", "alarm"}),
    ("repair", ["failure", "crash", "alarm"], {"failure", "crash", "alarm"}),
]


@pytest.mark.parametrize(("kind", "others", "kept"), BESIDE, ids=[case[0] for case in BESIDE])
def test_a_kind_of_failure_changes_no_other_kinds_draws(
    kind: str, others: list[str], kept: set[str]
) -> None:
    seeds = range(60)
    needed = [need for name in [kind, *others] for need in NEEDS.get(name, [])]
    rest = list(dict.fromkeys(needed + others))
    without = seen_on(scenario_with(*[name for name in rest if name != kind]), seeds)
    together = seen_on(scenario_with(*rest, kind), seeds)
    compared: dict[str, int] = {}
    changed = False
    for before, after in zip(without, together, strict=True):
        changed = changed or before != after
        for key in before.keys() & after.keys():
            if key[0] in kept:
                compared[key[0]] = compared.get(key[0], 0) + 1
                assert before[key] == after[key], key
    assert changed  # the kind does something
    assert set(compared) == kept
    assert min(compared.values()) >= 20
