"""Scenarios as YAML files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from patchopt.model.scenario import Scenario

#: Keys whose entries stand on a line each.
_A_LINE_EACH = frozenset({"nodes", "edges", "services", "patches"})


def scenario_text(scenario: Scenario, about: Sequence[str] = ()) -> str:
    """Write a scenario as YAML: what differs from defaults, an entry a line.

    Parameters
    ----------
    scenario : Scenario
        Sound.
    about : sequence of str
        Lines of the comment at the top.

    Returns
    -------
    str
        Reading it gives the same scenario; times are in seconds.

    Examples
    --------
    >>> import patchopt
    >>> from patchopt.files.scenario_yaml import scenario_from_text
    >>> scenario = patchopt.load_scenario("risky_patch")
    >>> scenario_from_text(scenario_text(scenario)) == scenario
    True
    """
    told: dict[str, Any] = {"version": scenario.version, "name": scenario.name}
    told |= scenario.model_dump(mode="json", exclude_defaults=True)
    lines = [f"# {line}" for line in about]
    for key, value in told.items():
        if key not in _A_LINE_EACH:
            lines.append(f"{key}: {_flow(value)}")
            continue
        lines.append(f"{key}:")
        if isinstance(value, dict):
            lines += [f"  {_flow(name)}: {_flow(entry)}" for name, entry in value.items()]
        else:
            lines += [f"  - {_flow(entry)}" for entry in value]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """Return a value on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=10**9, allow_unicode=True
    )
    return text.strip().removesuffix("\n...").strip()
