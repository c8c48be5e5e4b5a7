"""``patchopt list``: what there is."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from patchopt.cli import printing


def print_list(what: str, *, as_json: bool) -> None:
    """List strategies, scenarios, presets of failures, metrics, families or factors."""
    rows = {
        "strategies": _strategies,
        "scenarios": _scenarios,
        "failures": _failures,
        "metrics": _metrics,
        "families": _families,
        "factors": _factors,
    }[what]()
    if as_json:
        printing.as_json(rows)
        return
    columns = [(key.replace("_", " "), False) for key in rows[0]]
    printing.table(columns, ([_cell(value) for value in row.values()] for row in rows))


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{key}={{{_cell(inner)}}}" if isinstance(inner, dict) else f"{key}={_cell(inner)}"
            for key, inner in value.items()
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


def _strategies() -> list[dict[str, Any]]:
    from patchopt.strategies import strategy_class, strategy_names

    found = []
    for name in strategy_names():
        cls = strategy_class(name)
        defaults = {
            field.name: field.default if field.default is not MISSING else "required"
            for field in fields(cls)
        }
        found.append({"name": name, "what": cls.summary, "parameters": defaults})
    return found


def _scenarios() -> list[dict[str, Any]]:
    from patchopt.files import about_bundled, bundled_scenarios, load_scenario
    from patchopt.model.build import build_infrastructure

    found = []
    for name in bundled_scenarios():
        infrastructure = build_infrastructure(load_scenario(name))
        found.append(
            {
                "name": name,
                "nodes": len(infrastructure.nodes),
                "services": len(infrastructure.services.names),
                "units": len(infrastructure.units),
                "edges": len(infrastructure.scenario.edges),
                "what": about_bundled(name),
            }
        )
    return found


def _failures() -> list[dict[str, Any]]:
    from patchopt.files import about_preset, bundled_presets, load_preset

    found = []
    for name in bundled_presets():
        preset = load_preset(name)
        figures = {} if preset is None else preset.model_dump(mode="json", exclude_defaults=True)
        figures.pop("name", None)
        found.append({"name": name, "what": about_preset(name), "figures": figures})
    return found


def _metrics() -> list[dict[str, Any]]:
    from patchopt.model.metrics import METRICS

    return [
        {
            "name": metric.name,
            "unit": metric.unit,
            "better": metric.better,
            "meaning": metric.meaning,
        }
        for metric in METRICS
    ]


def _families() -> list[dict[str, Any]]:
    from patchopt.generate import FAMILIES, factors_of
    from patchopt.generate.factors import FACTORS

    plain = factors_of("plain", 2)
    return [
        {
            "name": name,
            "differs from plain in": {
                factor: _plain(getattr(family, factor))
                for factor in FACTORS
                if getattr(family, factor) != getattr(plain, factor)
            },
        }
        for name, family in FAMILIES.items()
    ]


def _factors() -> list[dict[str, Any]]:
    from patchopt.generate import factors_of
    from patchopt.generate.factors import FACTORS, meanings

    plain, told = factors_of("plain", 2), meanings()
    return [
        {"name": name, "plain": _plain(getattr(plain, name)), "what": told[name]}
        for name in FACTORS
    ]


def _plain(value: Any) -> Any:
    if value is None:
        return "none"
    return list(value) if isinstance(value, tuple) else value
