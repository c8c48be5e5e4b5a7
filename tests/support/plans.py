"""Any plan that fits a scenario: whole units and torn ones, guarded or not, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from support.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Draw = Callable[[st.SearchStrategy[Any]], Any]
    Step = dict[str, Any]

#: What the steps of a plan can make use of; tests see to it that all of it occurs.
USES = frozenset(
    {
        "patch",
        "build",
        "switch",
        "pause",
        "gate",
        "gate that counts attempts",
        "not_before",
        "unguarded",
        "waives",
        "after several",
        "torn unit",
        "several units",
        "node left out",
    }
)


@st.composite
def plans(draw: Draw, scenario: Mapping[str, Any]) -> list[Step]:
    """Return the steps of a plan for a scenario, as ``plan.json`` has them."""
    reading = Reading(scenario)
    steps: list[Step] = []

    def add(action: str, nodes: tuple[str, ...] = (), **more: Any) -> int:
        earlier = range(len(steps))
        after = {draw(st.sampled_from(earlier)) for _ in earlier[:2]}
        step = {
            "id": len(steps),
            "action": action,
            "nodes": list(nodes),
            "after": sorted(after | set(more.pop("after", ()))),
            "not_before": draw(st.sampled_from([0, 0, 0, 1, 5, 30])),
            "guarded": draw(st.sampled_from([True, True, False])),
            "reason": "drawn",
        }
        steps.append(step | more)
        return len(steps) - 1

    for nodes in _groups(draw, reading):
        waives = draw(st.lists(st.sampled_from(sorted(reading.instances)), unique=True, max_size=2))
        buildable = all(reading.nodes[node].blue_green for node in nodes)
        if buildable and draw(st.booleans()):
            built = add("build", nodes, waives=waives)
            add("switch", nodes, after=[built])
        else:
            add("patch", nodes, waives=waives)
        if draw(st.integers(0, 3)) == 0:
            gate = draw(st.none() | _gates())
            add("pause", duration=draw(st.integers(0, 20)), gate=gate)
    return steps


def _gates() -> st.SearchStrategy[dict[str, Any]]:
    most = st.integers(0, 2)
    return st.one_of(
        st.fixed_dictionaries({"max_failures": most}),
        st.fixed_dictionaries(
            {"max_failures": most, "count": st.sampled_from(["bad", "attempts"])}
        ),
    )


def _groups(draw: Draw, reading: Reading) -> list[tuple[str, ...]]:
    """Split the patched nodes into the nodes of steps; some are left out."""
    parts: list[tuple[str, ...]] = []
    for unit in reading.units:
        if len(unit) > 1 and draw(st.booleans()):
            cut = draw(st.integers(1, len(unit) - 1))
            parts += [unit[:cut], unit[cut:]]
        else:
            parts.append(unit)
    parts = draw(st.permutations(parts))
    groups: list[tuple[str, ...]] = []
    for part in parts:
        choice = draw(st.sampled_from(["new", "new", "new", "join", "out"]))
        if choice == "join" and groups:
            groups[-1] += part
        elif choice != "out":
            groups.append(part)
    return groups


def uses(scenario: Mapping[str, Any], steps: list[Step]) -> set[str]:
    """Return which of `USES` a plan makes use of."""
    reading = Reading(scenario)
    found: set[str] = set()
    placed: set[str] = set()
    for step in steps:
        nodes = set(step["nodes"])
        placed |= nodes
        jobs = reading.jobs(step["nodes"]) if nodes else []
        tests = {
            step["action"]: True,
            "gate": step.get("gate") is not None,
            "gate that counts attempts": (step.get("gate") or {}).get("count") == "attempts",
            "not_before": step["not_before"] > 0,
            "unguarded": not step["guarded"],
            "waives": bool(step.get("waives")),
            "after several": len(step["after"]) > 1,
            "several units": len(jobs) > 1,
            "torn unit": any(
                nodes & set(unit) and not set(unit) <= nodes for unit in reading.units
            ),
        }
        found |= {name for name, holds in tests.items() if holds}
    return found | ({"node left out"} if placed < set(reading.patched) else set())
