"""Laws of nodes, services and edges, and of luck that leaves no choice (MODEL 4, 6, 7, 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.laws_of_work import Law, require

if TYPE_CHECKING:
    from support.replay import Replay
    from support.standing import Event


class Nodes(Law):
    """Nodes go down, come back, crash and are rolled back as they may."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self.reverting_since: dict[str, int] = {}
        self.unit_of = {node: unit for unit in self.reading.units for node in unit}

    def on_node_down(self, event: Event) -> None:
        node = self.run.nodes[event["node"]]
        require(not node.out, f"out of service already: {event}")
        require(node.crew, f"nobody works on it: {event}")
        require(self.reading.patch(event["node"]).restart, f"patched live: {event}")

    def on_node_serving(self, event: Event) -> None:
        node = self.run.nodes[event["node"]]
        require(node.out and not node.failed, f"it does not come back: {event}")
        require(not node.crew, f"still worked on: {event}")

    def on_work_over(self, event: Event) -> None:
        require(self.run.nodes[event["node"]].crew, f"nobody works on it: {event}")

    def on_node_crashed(self, event: Event) -> None:
        require(self.reading.environment.crash is not None, f"nothing crashes: {event}")
        require(not self.run.nodes[event["node"]].out, f"out of service: {event}")

    def on_node_repaired(self, event: Event) -> None:
        require(self.reading.environment.repair is not None, f"nothing is repaired: {event}")
        require(self.run.nodes[event["node"]].failed, f"it has not failed: {event}")

    def on_latent_failure(self, event: Event) -> None:
        node = self.run.nodes[event["node"]]
        require(node.new and node.committed == event["time"], f"no commit: {event}")
        made_by = event["step"], event["attempt"]
        require(node.made_by == made_by, f"not the attempt that made it new: {event}")

    def on_node_impaired(self, event: Event) -> None:
        require(self.run.nodes[event["node"]].latent == "latent", f"nothing latent: {event}")

    def on_failure_detected(self, event: Event) -> None:
        node = self.run.nodes[event["node"]]
        require(self.reading.environment.detection is not None, f"nothing watches: {event}")
        require(node.latent == "impaired", f"nothing to detect: {event}")
        require(not node.detected, f"detected before: {event}")

    def on_false_alarm(self, event: Event) -> None:
        watch = self.reading.environment.detection
        require(watch is not None and watch.false_alarms_per_day, f"no false alarms: {event}")

    # --- rollbacks in service ---

    def on_rollback_start(self, event: Event) -> None:
        node = self.run.nodes[event["node"]]
        require(self._goes_back(event["node"]), f"not to be rolled back: {event}")
        require(not node.crew, f"worked on: {event}")
        require(node.made_by == (event["step"], event["attempt"]), f"made new by others: {event}")
        unit = self.unit_of[event["node"]]
        require(any(self._wanted(each) for each in unit), f"nothing was detected: {event}")
        with_it = {each for each in unit if self.reverting_since.get(each) == event["time"]}
        hosts = self.run.hosts[event["node"]] - with_it
        require(not any(self.run.nodes[host].out for host in hosts), f"its host is out: {event}")
        self.reverting_since[event["node"]] = event["time"]

    def _goes_back(self, name: str) -> bool:
        node = self.run.nodes[name]
        has_rollback = self.reading.patch(name).rollback is not None
        return node.new and not node.failed and has_rollback

    def _wanted(self, name: str) -> bool:
        """Whether a node, or the rollback of it that began in this instant, was detected."""
        return self.run.nodes[name].detected and self.run.nodes[name].latent == "impaired"

    def on_rolled_back(self, event: Event) -> None:
        name = event["node"]
        if not self.run.nodes[name].reverting:
            return
        start = self.reverting_since[name]
        together = [each for each in self.unit_of[name] if self.reverting_since.get(each) == start]
        times = [self.reading.patch(each).rollback_time for each in together]
        known = [time for time in times if time is not None]
        require(event["time"] > start, f"too early: {event}")
        if not any(time.sigma for time in known):
            due = start + max(time.nominal for time in known)
            require(event["time"] == due, f"due at {due}: {event}")

    on_rollback_failed = on_rolled_back

    def settled(self) -> None:
        """Require that nodes are out of service exactly if they fail, or are worked on so."""
        for name, node in self.run.nodes.items():
            restart = name in self.unit_of and self.reading.patch(name).restart
            in_place = node.crew == "attempt" and self.run.job_at(name).action == "patch"
            due = bool(node.failed) or (restart and (in_place or node.reverting))
            require(node.out == due, f"{name} at {self.run.now} s: {node}")
            behind = [
                each
                for each in self.unit_of.get(name, ())
                if node.reverting and self._goes_back(each) and not self.run.nodes[each].reverting
                if self.reverting_since[name] == self.run.now
            ]
            require(not behind, f"{behind} should go back with {name}")


class States(Law):
    """Services and edges tell of every change, once an instant is over, and of nothing else."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self.told: list[Event] = []
        self.below: set[str] = set()
        self.mixed: frozenset[int] = frozenset()

    def on_service_below(self, event: Event) -> None:
        self.told.append(event)

    on_service_restored = on_edge_mixed = on_edge_settled = on_service_below

    def settled(self) -> None:
        """Compare what was told with what has changed."""
        below, mixed, now = set(self.run.below()), self.run.mixed(), self.run.now
        due: list[Event] = []
        for service in below ^ self.below:
            name = "service_below" if service in below else "service_restored"
            keys = {"serving": self.run.serving(service), "min_up": self.reading.min_up[service]}
            due.append({"time": now, "event": name, "service": service} | keys)
        for number in mixed ^ self.mixed:
            name = "edge_mixed" if number in mixed else "edge_settled"
            edge = self.reading.edges[number]
            ends = {"source": edge.source, "target": edge.target}
            ends["compatibility"] = edge.compatibility
            due.append({"time": now, "event": name} | ends)
        told = sorted(repr(sorted(event.items())) for event in self.told)
        wanted = sorted(repr(sorted(event.items())) for event in due)
        require(told == wanted, f"told\n  {told}\nbut due\n  {wanted}")
        self.told, self.below, self.mixed = [], below, mixed


class Luck(Law):
    """Probabilities of 0 and 1 leave no choice."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        #: Nodes that, or whose hosts, have crashed while they were worked on.
        self.shaken: set[str] = set()
        self.latent_now: set[str] = set()
        self.new_now: list[str] = []

    def _chances(self, node: str, which: int) -> set[float]:
        """Return the probabilities that may hold of a failure (1) or a latent failure (2)."""
        patch, respin = self.reading.patch(node), self.reading.environment.respin
        latent = patch.latent.probability if patch.latent else 0.0
        own = patch.failure_probability if which == 1 else latent
        if patch.defect is None:
            return {own}
        chances = {patch.defect.probability} | (
            {respin.defect_probability} if respin is not None else set()
        )
        return ({own} if min(chances) < 1 else set()) | (
            {patch.defect[which]} if max(chances) > 0 else set()
        )

    def on_attempt_start(self, event: Event) -> None:
        self.shaken -= set(event["nodes"])

    def on_step_start(self, event: Event) -> None:
        self.shaken -= set(event["nodes"])

    def on_node_crashed(self, event: Event) -> None:
        self.shaken |= {
            node for node, hosts in self.run.hosts.items() if event["node"] in {node} | hosts
        }

    def on_patch_failed(self, event: Event) -> None:
        possible = self._chances(event["node"], 1)
        require(event["node"] in self.shaken or possible != {0}, f"cannot fail: {event}")

    on_build_failed = on_patch_failed

    def on_node_patched(self, event: Event) -> None:
        require(event["node"] not in self.shaken, f"a crash is no success: {event}")
        require(self._chances(event["node"], 1) != {1}, f"must fail: {event}")
        self.new_now.append(event["node"])

    def on_built(self, event: Event) -> None:
        require(self._chances(event["node"], 1) != {1}, f"must fail: {event}")

    def on_switched(self, event: Event) -> None:
        self.new_now.append(event["node"])

    def on_latent_failure(self, event: Event) -> None:
        require(self._chances(event["node"], 2) != {0}, f"cannot turn out bad: {event}")
        self.latent_now.add(event["node"])

    def on_rolled_back(self, event: Event) -> None:
        require(self.reading.patch(event["node"]).rollback_failure < 1, f"must fail: {event}")

    def on_rollback_failed(self, event: Event) -> None:
        require(self.reading.patch(event["node"]).rollback_failure > 0, f"cannot fail: {event}")

    def on_failure_detected(self, event: Event) -> None:
        watch = self.reading.environment.detection
        require(watch is not None and watch.probability > 0, f"cannot be detected: {event}")

    def settled(self) -> None:
        """Require that what must turn out bad is latent from its commit on."""
        for node in self.new_now:
            must = self._chances(node, 2) == {1}
            require(not must or node in self.latent_now, f"{node} must turn out bad")
        self.new_now, self.latent_now = [], set()
