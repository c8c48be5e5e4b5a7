"""The command as a person meets it: what it prints, writes and refuses, and its exit codes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from patchopt.sweeps.pool import Pool
from support.commands import called

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in an empty folder; return exit code, output and error output."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        return called(monkeypatch, capsys, *arguments)

    return call


def test_validate_shows_all_files_and_exits_2_for_any_bad_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nname: x\nnodes: []\n", encoding="utf-8")
    code, out, err = run("validate", "bad.yaml", "risky_patch")
    assert code == 2
    assert "risky_patch: valid (11 nodes, 3 services, 11 units" in out
    assert err == "error: bad.yaml:3:1: nodes: there are no nodes; add one\n"

    code, out, _ = run("validate", "bad.yaml", "--json")
    assert code == 2
    assert json.loads(out)[0]["problems"][0]["line"] == 3


def test_validate_warns_of_cycles(run: Run, tmp_path: Path) -> None:
    node = "{{id: {0}, type: database, patch: {{severity: 5, duration: 60}}}}"
    nodes = ", ".join(node.format(name) for name in "ab")
    edges = "[{source: a, target: b}, {source: b, target: a}]"
    text = f"version: 1\nname: x\nnodes: [{nodes}]\nedges: {edges}\n"
    (tmp_path / "cycle.yaml").write_text(text, encoding="utf-8")
    code, _, err = run("validate", "cycle.yaml")
    assert code == 0
    assert err == "warning: cycle.yaml: dependency cycle: no order among a, b\n"


ONE_REPLICA = """\
version: 1
name: one_replica
constraints: {surge: 0}
services: {flow: {min_up: 1}}
patches: {os: {severity: 8.0, duration: 2m}}
nodes: [{id: flow, replicas: 1, type: service_instance, service: flow, patch: os}]
"""


@pytest.mark.parametrize(
    "command",
    [
        ("validate", "one.yaml"),
        ("plan", "one.yaml", "--strategy", "rolling"),
        ("optimize", "one.yaml", "--time-limit", "1"),
        ("simulate", "one.yaml", "--strategy", "rolling"),
        ("compare", "one.yaml", "--replications", "1", "--time-limit", "1", "--workers", "1"),
        (
            "sweep",
            "sweep.scenarios=[one.yaml]",
            "sweep.strategies=[rolling,big_bang]",
            "sweep.replications=1",
            "sweep.out=swept",
            "parallel.n_jobs=1",
        ),
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_plans_warns_once_of_downtime_that_no_plan_avoids(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "one.yaml").write_text(ONE_REPLICA, encoding="utf-8")
    code, _, err = run(*command)
    assert code == 0
    (warning,) = [line for line in err.splitlines() if line.startswith("warning: ")]
    assert "services.flow.min_up: 'flow' cannot be patched without downtime: one inst" in warning
    assert warning.endswith("lower min_up, add instances, or give a surge of 1")


def test_plan_writes_the_plan_and_a_page(run: Run, tmp_path: Path) -> None:
    command = ("plan", "compatibility", "--strategy", "canary", "--set", "share=0.5")
    code, out, _ = run(*command, "--set", "soak=2m", "--out", "p")
    assert code == 0
    assert "p/plan.json" in out
    plan = json.loads((tmp_path / "p" / "plan.json").read_text(encoding="utf-8"))
    assert plan["strategy"]["parameters"]["share"] == 0.5
    assert plan["strategy"]["parameters"]["soak"] == 120
    assert "canary" in (tmp_path / "p" / "report.md").read_text(encoding="utf-8")

    code, _, err = run(*command, "--out", "p")
    assert code == 2
    assert "holds something already: give --force" in err
    assert run(*command, "--out", "p", "--force")[0] == 0
    assert json.loads(run(*command, "--json")[1])["strategy"]["name"] == "canary"


def test_simulate_writes_the_four_files(run: Run, tmp_path: Path) -> None:
    command = ("simulate", "risky_patch", "--strategy", "rolling", "--seed", "5")
    code, out, _ = run(*command, "--replications", "4", "--out", "s")
    assert code == 0
    assert "residual_exposure" in out
    names = sorted(path.name for path in (tmp_path / "s").iterdir())
    assert names == ["events.jsonl", "metrics.csv", "plan.json", "report.md"]
    with (tmp_path / "s" / "metrics.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["seed"] for row in rows] == ["5"] * 4
    assert [row["replication"] for row in rows] == ["0", "1", "2", "3"]

    # The plan alone gives the very same runs.
    again = ("simulate", "risky_patch", "--plan", "s/plan.json", "--seed", "5")
    assert run(*again, "--replications", "4", "--out", "t")[0] == 0
    for name in ("metrics.csv", "events.jsonl"):
        assert (tmp_path / "t" / name).read_bytes() == (tmp_path / "s" / name).read_bytes()


def test_simulate_refuses_plans_that_do_not_fit(run: Run, tmp_path: Path) -> None:
    run("plan", "compatibility", "-s", "rolling", "-o", "p")
    code, _, err = run("simulate", "risky_patch", "--plan", "p/plan.json")
    assert code == 2
    assert "the plan is for another scenario" in err

    path = tmp_path / "p" / "plan.json"
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["steps"][0]["nodes"] = ["nobody"]
    plan["steps"][1]["after"] = [2]
    plan["steps"][2]["after"] = [1]
    path.write_text(json.dumps(plan), encoding="utf-8")
    code, _, err = run("simulate", "compatibility", "--plan", "p/plan.json")
    assert code == 2
    assert "p/plan.json: steps.0: unknown node 'nobody'" in err
    assert "wait for each other; break the cycle" in err


def test_optimize_prints_a_certificate(run: Run) -> None:
    limits = ("--time-limit", "0.5", "--workers", "1", "--deterministic")
    code, out, err = run("optimize", "compatibility", *limits, "--out", "o")
    assert code == 0
    assert "proven bound" in out
    assert "incumbent" in err
    code, out, _ = run("optimize", "compatibility", *limits, "--json")
    certificate = json.loads(out)["certificate"]
    assert certificate["bound"] <= certificate["objective"]


@pytest.mark.slow
def test_compare_shows_every_strategy_beside_the_nominal_optimum(run: Run) -> None:
    limits = ("-r", "20", "-b", "5", "--time-limit", "0.5", "--workers", "1", "--json")
    code, out, _ = run("compare", "online_boutique", *limits)
    assert code == 0
    rows = {row["strategy"]: row for row in json.loads(out)}
    assert len(rows) >= 9
    # Without failures nothing is as quick as all at once; with them, what watches its end.
    assert min(rows, key=lambda name: rows[name]["nominal_exposure"]) == "big_bang"
    assert min(rows, key=lambda name: rows[name]["total_exposure"]) == "expected"
    assert rows["expected"]["bounded_replications"] == 5
    assert max(rows, key=lambda name: rows[name]["downtime"]) == "big_bang"
    # It breaks what the others keep: no gap, no mark, and its place is below theirs.
    apart = rows.pop("big_bang")
    assert (apart["breaks"], apart["gap"], apart["non_dominated"]) == ("min_up, crew", None, False)
    assert all(row["breaks"] == "" and row["gap"] >= 0 for row in rows.values())
    assert any(row["non_dominated"] for row in rows.values())
    code, out, _ = run("compare", "online_boutique", *limits[:-1])
    assert code == 0
    without, with_ = out.index("online_boutique, without failures"), out.index("with failures")
    assert without < with_
    for part in (out[without:with_], out[with_:]):
        lines = [line for line in part.splitlines() if " big_bang " in line]
        assert len(lines) == 1
        assert lines[0].rstrip().endswith("min_up, crew")
        assert part.index("big_bang") > part.index("rolling")


@pytest.mark.slow
def test_an_interrupted_comparison_goes_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = ("--replications", "5", "--time-limit", "0.2", "--workers", "1", "--out", "c")
    real = Pool.run

    def cut(self: Pool, jobs: Any) -> Iterator[Any]:
        for number, records in enumerate(real(self, jobs)):
            if number == 3:
                raise KeyboardInterrupt
            yield records

    with monkeypatch.context() as patch:
        patch.setattr(Pool, "run", cut)
        code, _, err = run("compare", "compatibility", *limits)
    assert (code, "the same command goes on" in err) == (130, True)
    assert run("compare", "compatibility", *limits)[0] == 0
    assert (tmp_path / "c" / "report" / "report.md").is_file()
    # All of it is there now, and is not written over unasked.
    assert run("compare", "compatibility", *limits)[0] == 2


@pytest.mark.slow
def test_sweep_and_report_from_the_command_line(run: Run, tmp_path: Path) -> None:
    common = ("experiment=smoke", "sweep.replications=5", "parallel.n_jobs=1", "sweep.out=d")
    code, out, _ = run("sweep", *common)
    assert (code, out) == (0, "15 replications of 3 plans: d\n")
    code, out, _ = run("report", "d", "--out", "r")
    assert code == 0
    assert "r/report.md" in out
    assert (tmp_path / "r" / "report.md").is_file()
    code, _, err = run("report", "d", "--out", "r")
    assert code == 2
    assert "--force" in err
    code, _, err = run("report", "nowhere", "--out", "r2")
    assert code == 2
    assert not (tmp_path / "r2").exists()


def test_a_sweep_with_failures_exits_1(run: Run) -> None:
    strategies = "sweep.strategies=[{name: rolling, on_infeasible: error},big_bang]"
    code, out, err = run(
        "sweep", "scenario=online_boutique", strategies, "sweep.replications=2", "parallel.n_jobs=1"
    )
    assert code == 1
    assert out == "2 replications of 2 plans: sweep-results\n"
    assert "failed: online_boutique / rolling(on_infeasible=error)" in err


@pytest.mark.slow
def test_hydras_multirun_runs_each_combination(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(
        "sweep",
        "-m",
        "experiment=smoke",
        "optimizer.time_limit=0.1,0.2",
        "sweep.replications=2",
        "sweep.out=m",
        "parallel.n_jobs=1",
        f"hydra.sweep.dir={tmp_path / 'hydra'}",
    )
    assert code == 0
    assert out.splitlines()[-2:] == [
        "6 replications of 3 plans: m/0",
        "6 replications of 3 plans: m/1",
    ]
    assert (tmp_path / "m" / "1" / "runs.parquet").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("plan", "otel_demo", "-s", "rollin"),
            "unknown strategy 'rollin': did you mean 'rolling'",
        ),
        (
            ("plan", "otel_demo", "-s", "canary", "--set", "shar=1"),
            "strategy 'canary' has no parameter 'shar': did you mean 'share'?",
        ),
        (("plan", "otel_demo", "-s", "canary", "--set", "share=2"), "parameter 'share'"),
        (("plan", "otel_demo", "-s", "canary", "--set", "share"), "write it as key=value"),
        (
            ("plan", "online_boutique", "-s", "rolling", "--set", "on_infeasible=error"),
            "cannot be built blue-green",
        ),
        (("simulate", "otel_demo"), "give either --strategy NAME or --plan"),
        (("simulate", "otel_demo", "--plan", "no.json"), "no.json: it cannot be read"),
        (("plan", "nowhere.yaml", "-s", "rolling"), "there is no such file or scenario"),
        (("sweep", "sweep.foo=1"), "Could not override 'sweep.foo'"),
        (("list", "nothing"), "strategies"),
        (("simulat",), "No such command"),
    ],
)
def test_mistakes_get_one_clear_message_and_exit_2(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in out + err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["strategies", "scenarios", "metrics"])
def test_lists_are_tables_and_json(run: Run, what: str) -> None:
    code, out, _ = run("list", what)
    assert code == 0
    rows: list[dict[str, Any]] = json.loads(run("list", what, "--json")[1])
    assert all(row["name"] in out for row in rows)


def test_schema_is_json(run: Run) -> None:
    assert json.loads(run("schema")[1])["title"] == "patchopt scenario"


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "numba", "ortools", "pyarrow", "matplotlib", "hydra", "pydantic")
    code = (
        "import sys; sys.argv = ['patchopt', '--help']\n"
        "from patchopt.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_preset_takes_the_place_of_the_scenarios_failures(run: Run, tmp_path: Path) -> None:
    def failures(*arguments: str) -> float:
        code, out, err = run("simulate", "risky_patch", "-r", "50", "--json", *arguments)
        assert code == 0, err
        return float(sum(row["failures"] for row in json.loads(out)))

    assert failures("-s", "rolling") > failures("-s", "rolling", "-f", "none") == 0
    # A plan of the scenario as written does under a preset; one made under it needs it again.
    assert run("plan", "risky_patch", "-s", "rolling", "-o", "written")[0] == 0
    assert failures("-p", "written/plan.json", "-f", "independent") > 0
    made = ("simulate", "risky_patch", "-s", "rolling", "-f", "independent", "-o", "preset")
    assert run(*made)[0] == 0
    assert failures("-p", "preset/plan.json", "-f", "independent") > 0
    code, _, err = run("simulate", "risky_patch", "-p", "preset/plan.json")
    assert code == 2
    assert "the plan is for another scenario" in err


def test_presets_are_listed_with_their_figures(run: Run) -> None:
    code, out, _ = run("list", "failures", "--json")
    assert code == 0
    figures = {row["name"]: row["figures"] for row in json.loads(out)}
    assert figures["none"] == figures["as_written"] == {}
    assert figures["shared_defect"]["defect"]["probability"] == 0.05
