"""Parts of logs written by hand, and the check of a whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.check_log import check_log
from support.examples import of_node
from support.execution import check_execution
from support.recompute import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Log = list[dict[str, Any]]


def check(
    scenario: Mapping[str, Any], plan: Sequence[Mapping[str, Any]], log: Log, **expected: Any
) -> None:
    """Assert that a log is lawful and that of its plan, and what some metrics are."""
    check_log(scenario, log)
    check_execution(scenario, plan, log)
    found = metrics(scenario, log)
    assert {name: found[name] for name in expected} == expected


def lasting(node: str, step: int, since: int, attempt: int = 1) -> Log:
    """Return the end of good work of 2 s on a node, begun at some time."""
    end = since + 2
    return [of_node(end, name, node, step, attempt) for name in ("node_patched", "node_serving")]


def failing(node: str, step: int, since: int, attempt: int = 1) -> Log:
    """Return the end of bad work of 2 s on a node, and of its rollback of 3 s."""
    return [
        of_node(since + 2, "patch_failed", node, step, attempt),
        of_node(since + 5, "rolled_back", node, step, attempt),
        of_node(since + 5, "node_serving", node, step, attempt),
    ]
