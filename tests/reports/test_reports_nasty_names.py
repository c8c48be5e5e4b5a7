"""Whatever names and reasons are made of, pages, tables and figures keep their form."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from patchopt.files.dataset_writer import DatasetWriter
from patchopt.files.run_groups import RunBlock
from patchopt.model.infrastructure import Infrastructure
from patchopt.model.metrics import METRICS
from patchopt.model.plan import Certificate, Plan, with_certificate
from patchopt.reports import plan_page, run_report, write_report
from patchopt.reports.figures.scenario_figures import Picture
from patchopt.reports.numbers.opening import open_study
from patchopt.reports.numbers.summary import results_of
from patchopt.reports.pages.study_page import study_page
from patchopt.reports.paper.threats import threats
from patchopt.simulator.running import simulate
from support.building import plan_by_hand
from support.contract import infrastructure_of
from support.examples import small

NASTY = [
    '=HYPERLINK("http://example.org","click")',
    "<script>alert(1)</script>",
    "<!-- a comment",
    "a|b",
    "`code` and ```more",
    "[text](http://example.org)",
    "![picture](http://example.org/x.png)",
    "<http://example.org>",
    "two\nlines\n\n# and a heading",
    "**bold** _slanted_ ~~struck~~",
    "&lt;&#64;",
    "a\\",
    "$x$ and $\\frac{",
    "_hidden",
    "\u202egnp.exe",
    "\x1b[31mred",
]

CERTIFICATE = Certificate(
    status="feasible",
    objective=6000,
    bound=5000,
    gap=1 / 6,
    wall_time_s=None,
    seed=0,
    parameters={},
)


def form_of(page: str) -> list[str]:
    """Return what a page is made of, without its words."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    form: list[str] = []
    for token in markdown.parse(page):
        form.append(token.content if token.type.startswith("html") else token.type)
        form += [
            child.content if child.type.startswith("html") else child.type
            for child in token.children or ()
        ]
    return form


def renamed(infrastructure: Infrastructure, name: str) -> Infrastructure:
    """Return an infrastructure in which everything is called by one name, told apart by an end."""
    ids = tuple(f"{name}{end}" for end in ("x", "y", "z"))
    nodes = replace(infrastructure.nodes, ids=ids, index={id_: at for at, id_ in enumerate(ids)})
    scenario = infrastructure.scenario.model_copy(
        update={
            "name": name,
            "edges": tuple(
                edge.model_copy(update={"source": ids[0], "target": ids[1]})
                for edge in infrastructure.scenario.edges
            ),
        }
    )
    return replace(
        infrastructure,
        scenario=scenario,
        nodes=nodes,
        services=replace(infrastructure.services, names=(name,)),
        releases=replace(
            infrastructure.releases, names=(name,) * len(infrastructure.releases.names)
        ),
    )


def infrastructure_of_three() -> Infrastructure:
    """Return nodes of which the third fails for certain."""
    failing = {"patch_with": {"failure_probability": 1}, "service": "s"}
    scenario = small(
        {"a": {}, "b": {}, "c": failing},
        min_up={"s": 1},
        max_parallel=1,
        abort_after_failures=1,
    )
    scenario["edges"] = [{"source": "a", "target": "b", "compatibility": "degraded"}]
    return infrastructure_of(scenario)


def plan_for(infrastructure: Infrastructure, name: str) -> Plan:
    """Return a plan in which all goes wrong: a mixes with b, c fails for good, the plan aborts."""
    a, b, c = infrastructure.nodes.ids
    told: dict[str, Any] = {"action": "patch", "reason": name}
    plan = plan_by_hand(
        infrastructure,
        told | {"nodes": [a]},
        told | {"nodes": [c], "after": [], "waives": list(infrastructure.services.names)},
        told | {"nodes": [b], "after": [1]},
    )
    strategy = plan.strategy.model_copy(update={"name": name, "parameters": {name: name}})
    plan = plan.model_copy(update={"strategy": strategy})
    return with_certificate(plan, CERTIFICATE)


def pages_of_a_plan(name: str) -> list[str]:
    infrastructure = renamed(infrastructure_of_three(), name)
    plan = plan_for(infrastructure, name)
    once = simulate(infrastructure, plan, seed=0, events=True)
    often = simulate(infrastructure, plan, seed=0, replications=3, events=True)
    # The reason of an abort names what the scenario calls it.
    often.columns["abort_reason"][:] = name
    return [
        plan_page(infrastructure, plan),
        run_report(infrastructure, plan, once),
        run_report(infrastructure, plan, often),
    ]


def dataset_of(name: str, folder: Path) -> Path:
    """Write the dataset of a sweep in which everything is called by one name."""
    infrastructure = infrastructure_of_three()
    plan = plan_for(infrastructure, name)
    trace = simulate(infrastructure, plan, seed=0, events=True).events
    metadata = {
        "config": json.dumps({"failures": {"name": name}}),
        "config_sha256": name,
        "versions": json.dumps({name: name}),
        "git_commit": name,
    }
    columns: dict[str, np.ndarray] = {
        metric.name: np.array([0, 1]) if metric.kind != "text" else np.array([name, name], object)
        for metric in METRICS
    }
    about = {"scenario": name, "strategy": name, "label": name, "parameters": "{}"}
    made = {
        **about,
        "scenario_json": infrastructure.scenario.model_dump_json(),
        "plan_json": plan.model_dump_json(),
        "objective": 6.0,
        "bound": 5.0,
        "nominal_exposure": 6.0,
        "certificate_status": "feasible",
        "status": "done",
    }
    with DatasetWriter(folder, metadata) as writer:
        writer.write_plans([{**made, "plan": 0}])
        writer.write_plans([{**made, "plan": 1, "plan_json": None, "objective": None}])
        drawn = {"stratum": np.zeros(2, np.int64), "weight": np.ones(2)}
        writer.write_runs(RunBlock(names=about, plan=0, count=2, columns=columns | drawn))
        writer.write_runs(RunBlock(names=about, plan=1, error=name))
        writer.write_events(
            {
                "plan": 0,
                "seed": 0,
                "replication": 0,
                "number": number,
                "time": event["time"],
                "event": event["event"],
                "detail": json.dumps(
                    {k: v for k, v in event.items() if k not in ("time", "event")}
                ),
            }
            for number, event in enumerate(trace)
        )
        writer.close(complete=False)
    return folder


def pages_of_a_study(name: str, folder: Path) -> list[str]:
    picture = Picture("gantt", Path("x.png"), Path("x.pdf"), f"The plan of {name}: work.")
    with open_study(dataset_of(name, folder)) as study:
        results = results_of(study)
        page = study_page(study, results, {name: [picture]}, "figures")
        return [page, threats(study, results)]


@pytest.mark.parametrize("name", NASTY)
def test_pages_have_the_form_that_they_have_with_tame_names(name: str, tmp_path: Path) -> None:
    tame = [*pages_of_a_plan("tame"), *pages_of_a_study("tame", tmp_path / "tame")]
    nasty = [*pages_of_a_plan(name), *pages_of_a_study(name, tmp_path / "nasty")]
    for mine, other in zip(tame, nasty, strict=True):
        assert form_of(other) == form_of(mine)
        assert all(letter.isprintable() for letter in other.replace("\n", ""))
        # An address outside of code would become a link.
        assert re.search(r"\w://", re.sub(r"`[^`]*`", "", other)) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", [NASTY[0], "$x$ and $\\frac{", "_hidden", "\x1b[31m漢"])
def test_whole_reports_can_be_written_and_their_tables_opened(name: str, tmp_path: Path) -> None:
    result = write_report(dataset_of(name, tmp_path / "dataset"), out=tmp_path / "report")
    assert sum(path.suffix == ".png" for path in result.files) == 3
    for path in result.files:
        if path.suffix == ".csv":
            rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
            assert len(rows) == 1 + len(pd.read_parquet(path.with_suffix(".parquet")))
            for cell in (cell for row in rows for cell in row):
                assert not cell.startswith(("=", "+", "@", "\t"))
