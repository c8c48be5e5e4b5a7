"""Small scenarios of services in layers, each to be patched after what it depends on."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

SIZES = [(2, 2), (1, 3), (3, 2), (2, 1), (1, 2, 1), (1, 3, 1), (2, 2, 1)]


@st.composite
def layered(draw: st.DrawFn) -> dict[str, Any]:
    """Return a valid scenario under strict order: two to four services, at most five units."""
    sizes = draw(st.sampled_from([*SIZES, (2, 1, 1, 1)]))
    names = [f"s{layer}" for layer in range(len(sizes))]
    longest = 6
    nodes = [
        {
            "id": f"{name}-{number}",
            "type": "service_instance",
            "service": name,
            "criticality": draw(st.integers(1, 9)),
            "blue_green": draw(st.sampled_from([False, False, True])),
            "patch": {
                "severity": draw(st.integers(1, 10)),
                "duration": draw(st.integers(1, longest)),
                "warmup": draw(st.sampled_from([0, 0, 2])),
                "restart": draw(st.sampled_from([True, True, True, False])),
            },
        }
        for name, size in zip(names, sizes, strict=True)
        for number in range(size)
    ]
    edges = [{"source": one, "target": two} for one, two in zip(names[1:], names, strict=False)]
    if len(sizes) == 4:  # an N: the third needs the first and the second, the last the second
        pairs = [("s2", "s0"), ("s2", "s1"), ("s3", "s1")]
        edges = [{"source": source, "target": target} for source, target in pairs]
    if draw(st.booleans()):
        edges.append({"source": f"{names[-1]}-0", "target": f"{names[0]}-0"})
    overhead = draw(st.sampled_from([0, 0, 1]))
    constraints: dict[str, Any] = {
        "dependency_order": "strict",
        "max_parallel": draw(st.integers(1, 3)),
        "step_overhead": overhead,
        "surge": draw(st.integers(0, 2)),
    }
    if draw(st.integers(0, 3)) == 0:
        length = overhead + longest + 2 + draw(st.integers(0, 6))
        start, closed = draw(st.integers(0, 5)), draw(st.integers(1, 9))
        opened = [{"start": start, "duration": length}]
        constraints["windows"] = {"every": length + closed + start, "open": opened}
    services = {
        name: {"min_up": draw(st.integers(0, max(0, size - 1)))}
        for name, size in zip(names, sizes, strict=True)
    }
    return {
        "version": 1,
        "name": "layered",
        "constraints": constraints,
        "services": services,
        "nodes": nodes,
        "edges": edges,
    }
