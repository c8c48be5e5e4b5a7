"""The reference, written from the code: interface, metrics, strategies, configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

import yaml
from staging import ROOT

import patchopt
from patchopt.model.metrics import METRICS
from patchopt.strategies import strategy_class
from patchopt.strategies.base import Strategy

#: What the interface is for, and its names; what is in no group is told last.
GROUPS: Final = {
    "Scenarios and plans": (
        "load_scenario", "make_scenario", "save_scenario", "plan", "optimize", "simulate",
        "load_plan", "save_plan", "strategy_names", "metric_names",
    ),
    "Studies": ("compare", "bound", "sweep", "report"),
    "Figures": ("draw_pareto", "draw_gantt", "draw_convergence"),
}  # fmt: skip
#: For those who add something, and what the tutorials import beside the interface.
ROOMS: Final = {
    "Strategies of your own": (
        "patchopt.strategies.base.Strategy",
        "patchopt.strategies.base.register",
        "patchopt.model.plan.PlanBuilder",
        "patchopt.strategies.placing.Placing",
    ),
    "Made-up instances": ("patchopt.generate.factors_of", "patchopt.generate.instance"),
    "Artefacts": ("patchopt.archive.make_archive", "patchopt.archive.reproduce"),
    "Errors": (
        "patchopt.errors.PatchoptError",
        "patchopt.errors.ScenarioError",
        "patchopt.errors.PlanError",
        "patchopt.errors.ConfigError",
        "patchopt.errors.OutputError",
    ),
}
CONF: Final = {
    "sweep": "What is swept, how often, and where it goes.",
    "scenario": "Which scenarios; `sweep.scenarios` takes names and paths of others.",
    "strategy": "Which strategies, with their parameters; a list as a value is an axis.",
    "optimizer": "How long the strategy `optimal` searches.",
    "bound": "On how many replications the wait-and-see bound is found.",
    "simulator": "How replications are run.",
    "failures": "What takes the place of the scenarios' own failures.",
    "parallel": "Who does the work.",
    "experiment": "Whole studies: choices in the groups above.",
}


def pages() -> dict[str, str]:
    """Return the pages, by the names of their files."""
    return {
        "python.md": python_page(),
        "rooms.md": rooms_page(),
        "metrics.md": metrics_page(),
        "strategies.md": strategies_page(),
        "configuration.md": configuration_page(),
        "scenarios.md": scenarios_page(),
    }


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; a bar within a cell divides nothing."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def python_page() -> str:
    """Return the page of everything in `patchopt.__all__`."""
    told = {name for names in GROUPS.values() for name in names}
    groups = GROUPS | {"What they give": [n for n in patchopt.__all__ if n not in told]}
    parts = [
        "# Python",
        "`import patchopt` has all of these names, and nothing else is promised to stay.",
    ]
    for title, names in groups.items():
        parts += [f"## {title}", *(_told(name) for name in names)]
    return "\n\n".join(parts) + "\n"


def _told(name: str) -> str:
    """Return the entry of a name; of a model all fields, also those that speak for themselves."""
    model = hasattr(getattr(patchopt, name), "model_fields")
    options = "\n    options:\n      show_if_no_docstring: true" if model else ""
    return f"::: patchopt.{name}{options}"


def rooms_page() -> str:
    """Return the page of what extensions and studies import from single rooms."""
    parts = [
        "# Inner rooms",
        (
            "What strategies of your own, made-up instances and artefacts import beside the public "
            "interface. [The design](../design.md) lists all rooms; what stands here may change."
        ),
    ]
    for title, names in ROOMS.items():
        parts += [f"## {title}", *(f"::: {name}" for name in names)]
    return "\n\n".join(parts) + "\n"


def metrics_page() -> str:
    """Return the page of all metrics."""
    rows = [(f"`{m.name}`", m.unit or "text", m.meaning, m.better) for m in METRICS]
    return "\n\n".join(
        [
            "# Metrics",
            (
                "One row a replication has these columns, in this order. T is when the plan ends, "
                "O when the observation does; "
                "[the model](../model.md#7-metrics-one-row-a-replication) says exactly how each is "
                "measured. `patchopt list metrics` prints this table."
            ),
            table(("metric", "unit", "what it measures", "better"), rows) + "\n",
        ]
    )


def strategies_page() -> str:
    """Return the page of the strategies that come with patchopt, and their parameters."""
    common = fields(Strategy)
    names = [n for n in patchopt.strategy_names() if _built_in(strategy_class(n))]
    parts = [
        "# Strategies",
        (
            "Parameters are given with `--set parameter=value`, in a mapping such as "
            "`{name: canary, share: 0.2}` in a sweep, or as keywords of `patchopt.plan`. "
            "[The model](../model.md#8-strategies) says what each strategy does."
        ),
        table(
            ("strategy", "what it does"),
            [(f"[`{name}`](#{name})", strategy_class(name).summary) for name in names],
        ),
    ]
    if common:
        rows = [(f"`{field.name}`", f"`{_text(field.default)}`") for field in common]
        parts += ["All of them take:", table(("parameter", "default"), rows)]
    for name in names:
        rows = [
            (f"`{field.name}`", f"`{_text(field.default)}`")
            for field in fields(strategy_class(name))
            if field.name not in {known.name for known in common}
        ]
        parts += [f"## {name}", strategy_class(name).summary]
        parts += [table(("parameter", "default"), rows) if rows else "It has no parameters."]
    return "\n\n".join(parts) + "\n"


def _built_in(cls: type[Strategy]) -> bool:
    return cls.__module__.startswith("patchopt.")


def _text(value: object) -> str:
    """Return a value as YAML has it."""
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).split("\n")[0]


def configuration_page() -> str:
    """Return the page of all groups and presets of a sweep, as they are in conf/."""
    conf = ROOT / "conf"
    parts = [
        "# Configuration of sweeps",
        (
            "`patchopt sweep group=preset section.key=value`: a preset of a group, then single "
            "keys. These are the files; `--config-dir` adds a folder of your own that is laid out "
            "likewise."
        ),
        _file("The root", conf / "config.yaml", 2),
    ]
    for group, meaning in CONF.items():
        parts += [f"## {group}", meaning]
        parts += [_file(file.stem, file, 3) for file in sorted((conf / group).glob("*.yaml"))]
    return "\n\n".join(parts) + "\n"


def _file(title: str, file: Path, level: int) -> str:
    text = file.read_text(encoding="utf-8").rstrip()
    return f'{"#" * level} {title}\n\n```yaml title="{file.relative_to(ROOT)}"\n{text}\n```'


def scenarios_page() -> str:
    """Return the page of the bundled scenarios, as they are in scenarios/."""
    parts = [
        "# Bundled scenarios",
        (
            "By name wherever a scenario is asked for: "
            "`patchopt plan risky_patch --strategy canary`. "
            "[Fields of a scenario](scenario.md) says what each key means."
        ),
    ]
    files = sorted((ROOT / "scenarios").glob("*.yaml"))
    return "\n\n".join([*parts, *(_file(file.stem, file, 2) for file in files)]) + "\n"
