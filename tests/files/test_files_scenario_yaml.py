"""Scenario files: what is read, what is refused, where and with which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchopt.errors import ScenarioError
from patchopt.files import bundled_scenarios, load_scenario, scenario_from_text, scenario_schema
from patchopt.files.yaml_tree import MAX_ALIASED, MAX_BYTES, read_yaml
from patchopt.model import Scenario
from patchopt.model.build import build_infrastructure, scenario_sha256
from patchopt.model.failures import nominal_s, sigma_of

HEAD = "version: 1\nname: x\n"
NODE = "nodes: [{id: a, type: database, patch: {severity: 5, duration: 60}}]\n"


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        scenario_from_text(text, "f.yaml")
    return str(caught.value).splitlines()


def test_every_problem_of_a_file_is_reported_at_once_in_its_order() -> None:
    text = """\
version: 1
name: x
constraint: {max_parallel: 2}
services: {web: {min_up: 9}, db: {minup: 1}}
patches:
  p: {severity: 19, duration: 0s}
nodes:
  - {id: web, replicas: 3, type: service_instanc, service: web, patch: p}
  - {id: db, type: database, service: dbx, patch: {severity: 5.55, duration: 1:30}}
  - {id: db-1, type: database, service: db, patch: pp, host: web-1}
  - {id: db-1, type: database, criticality: .nan}
edges: [{source: web, target: db-9}, {source: db, target: db}]
"""
    assert problems(text) == [
        "f.yaml:3:1: constraint: unknown key 'constraint'; did you mean 'constraints'?",
        "f.yaml:4:35: services.db.minup: unknown key 'minup'; did you mean 'min_up'?",
        (
            "f.yaml:6:7: patches.p.severity: severity 19 is out of range; give a CVSS base score "
            "from 0 to 10"
        ),
        (
            "f.yaml:6:21: patches.p.duration: the duration must be at least one second; give a "
            "positive duration"
        ),
        (
            "f.yaml:8:28: nodes.0.type: 'service_instanc' is not known; write 'host', "
            "'service_instance' or 'database'"
        ),
        "f.yaml:9:52: nodes.1.patch.severity: 5.55 has more than 1 decimal; round the severity",
        (
            "f.yaml:9:68: nodes.1.patch.duration: '1:30' is not a duration; write whole seconds or "
            "a string such as 90s, 5m, 1h30m, 2d"
        ),
        "f.yaml:10:45: nodes.2.patch: unknown patch 'pp'; none are defined",
        "f.yaml:11:32: nodes.3.criticality: nan is not finite; give a finite number",
        "f.yaml:12:23: edges.0.target: unknown node or service 'db-9'; did you mean 'db-1'?",
        "f.yaml:12:38: edges.1: 'db' depends on itself; remove the edge",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("[1, 2]", "the file is not a mapping"),
        ("version: 2\nname: x\n" + NODE, "version 2 is unknown"),
        (HEAD, "nodes is missing"),
        (HEAD + "nodes: []\n", "there are no nodes"),
        (HEAD + "nodes: {a: 1}\n", "nodes is not a list"),
        (HEAD + "services: [a]\n" + NODE, "services is not a mapping"),
        (HEAD + "name: y\n" + NODE, "key 'name' is there twice"),
        (HEAD + NODE + "---\nversion: 1\n", "there is a second document"),
        (HEAD + "seed: !!python/object/apply:os.system [ls]\n" + NODE, "is not taken"),
        (HEAD + "seed: !secret 1\n" + NODE, "tag '!secret' is not taken"),
        (HEAD + "constraints: {<<: {surge: 1}}\n" + NODE, "merge keys are not taken"),
        (HEAD + "seed: *nobody\n" + NODE, "unknown alias 'nobody'"),
        (HEAD + "services: &s {a: *s}\n" + NODE, "alias 's' holds itself"),
        (HEAD + "seed: -1\n" + NODE, "give 0 or more"),
        (HEAD + "seed: " + "9" * 5000 + "\n" + NODE, "is not an integer"),
        (HEAD + "nodes: [{id: yes, type: database}, {id: true, type: host}]\n", "not text"),
        (HEAD + "nodes: " + "[" * 20000, "nested deeper than 50 levels"),
        (
            HEAD + "nodes: [{id: a, type: database, replicas: 99999999999}]\n",
            "give at most 1000000",
        ),
        (HEAD + "seed: 017\n" + NODE, "f.yaml:3:7: seed: 017 begins with a zero; write 17"),
        (HEAD + "nodes: [{id: a, type\n", "this is not YAML"),
        ("\tname: x", "this is not YAML"),
        ("name: \x00", "this is not YAML"),
        (b"name: \xff\xfe", "is no UTF-8"),
        (b"\x80\x81\x82", "is no UTF-8"),
    ],
)
def test_hostile_and_broken_files_are_told_apart(text: str | bytes, message: str) -> None:
    assert message in "\n".join(problems(text))


def test_aliases_are_taken_until_they_stand_for_too_much() -> None:
    shared = HEAD + "patches: {p: &p {severity: 5, duration: 60}, q: *p}\n" + NODE
    scenario = scenario_from_text(shared, "f.yaml")
    assert scenario.patches["p"] == scenario.patches["q"]

    # Nine levels of nine aliases each would be 9**9 values.
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    (found,) = problems(HEAD + "a0: &a0 [1]\n" + levels)
    assert f"aliases stand for more than {MAX_ALIASED} values" in found


@pytest.mark.parametrize("key", ["version", "name", "seed", "constraints", "nodes", "environment"])
def test_aliases_may_nest_deeper_than_any_recursion(key: str) -> None:
    # 60 levels of 40 lists each, one inside the other: 2,400 deep.
    levels = "".join(f"a{n}: &a{n} {'[' * 40}*a{n - 1}{']' * 40}\n" for n in range(1, 60))
    found = problems("a0: &a0 [1]\n" + levels + f"{key}: *a59\n")
    assert any(f": {key}" in line for line in found)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    (found,) = problems(b" " * (MAX_BYTES + 1))
    assert "larger than 64 MiB" in found


def test_replicas_without_measure_are_refused_before_they_are_made() -> None:
    entry = "{id: a%d, type: database, replicas: 1000000}"
    text = HEAD + f"nodes: [{', '.join(entry % n for n in range(3))}]\n"
    (found,) = problems(text)
    assert "3000000 nodes are more than patchopt takes" in found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("0o17", 15),
        ("0x1f", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("'7'", "7"),
        ("~", None),
        ("TRUE", True),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    assert read_yaml(f"a: {text}", "f").value == {"a": value}


def test_positions_count_from_one() -> None:
    tree = read_yaml("a:\n  - b\n  - {c: d}\n", "f")
    assert tree.position(("a",)) == (1, 1)
    assert tree.position(("a", 1)) == (3, 5)
    assert tree.position(("a", 1, "c")) == (3, 6)
    assert tree.position(("a", 1, "gone", "deeper")) == (3, 5)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(st.text(), st.binary(), st.text(alphabet=" \n-:{}[]&*!|>'\"#ab1.,?%@`\t")))
def test_whatever_the_text_nothing_but_a_scenario_error_is_raised(text: str | bytes) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_from_text(text, "f.yaml")
    assert all(
        line.startswith("f.yaml") for line in str(caught.value).split("\n") if "f.yaml" in line
    )


@pytest.mark.parametrize("name", bundled_scenarios())
def test_bundled_scenarios_are_sound(name: str) -> None:
    infrastructure = build_infrastructure(load_scenario(name))
    assert infrastructure.scenario.name == name
    assert len(infrastructure.units) > 0


def test_there_are_the_six_of_them() -> None:
    assert set(bundled_scenarios()) == {
        "cloud_foundry",
        "compatibility",
        "ha_microservices",
        "online_boutique",
        "otel_demo",
        "risky_patch",
    }


def test_a_name_that_is_almost_right_is_suggested() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'online_boutique'"):
        load_scenario("onlin_boutique")


def test_a_path_goes_before_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "otel_demo").write_text(HEAD + NODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_scenario("otel_demo").name == "x"
    with pytest.raises(ScenarioError, match="it is a folder"):
        load_scenario(tmp_path)


def test_the_fingerprint_is_of_the_content_not_of_its_layout() -> None:
    one = scenario_from_text(HEAD + NODE, "f")
    other = scenario_from_text("# a comment\n" + NODE + "name: 'x'\nversion: 1\n", "g")
    assert scenario_sha256(one) == scenario_sha256(other)
    changed = scenario_from_text(HEAD + "seed: 1\n" + NODE, "f")
    assert scenario_sha256(one) != scenario_sha256(changed)


def test_a_scenario_survives_json() -> None:
    for name in bundled_scenarios():
        scenario = load_scenario(name)
        again = Scenario.model_validate_json(scenario.model_dump_json())
        assert scenario_sha256(again) == scenario_sha256(scenario)


def test_the_schema_knows_every_key_and_refuses_others() -> None:
    schema = scenario_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(Scenario.model_fields)
    definitions = schema["$defs"]
    assert set(definitions["Patch"]["required"]) == {"severity", "duration"}
    assert all(
        "description" in field for field in definitions["Constraints"]["properties"].values()
    )


@pytest.mark.parametrize(
    ("entry", "counted"),
    [
        ("{id: b, type: databas, service: other}", True),  # of another service
        ("{id: b, type: databas}", True),  # of none
        ("{id: b, type: databas, service: web}", False),
        ("{id: b, type: database, serivce: web}", False),  # may be meant for any
        ("{id: b, type: database, service: [web]}", False),
        ("b", False),
    ],
)
def test_a_broken_node_hides_min_up_only_where_it_may_count(entry: str, counted: bool) -> None:
    services = "services: {web: {min_up: 2}, other: {}}\n"
    nodes = f"nodes: [{{id: a, type: database, service: web}}, {entry}]\n"
    found = "\n".join(problems(HEAD + services + nodes))
    assert ("min_up 2 is more than the 1 instances of 'web'" in found) == counted


@pytest.mark.parametrize(
    ("patch", "more", "message"),
    [
        ("duration: {nominal: 0, sigma: 0.3}", "", "4:61: nodes.0.patch.duration.nominal: the dur"),
        ("duration: {nominal: 60, sigma: 4}", "", "4:74: nodes.0.patch.duration.sigma: 4 does not"),
        ("duration: {nominl: 60, sigma: 1}", "", "did you mean 'nominal'"),
        ("duration: 60, rollback: {duration: 0}", "", "nodes.0.patch.rollback.duration: the dur"),
        ("duration: 60, latent: {probability: 1}", "", "nodes.0.patch.latent.delay: delay is miss"),
        (
            "duration: 60, defect: {probability: 1, failure_probability: 1, latent_probability: 1}",
            "",
            "says nothing of the delay; add latent",
        ),
        ("duration: 60", "environment: {repare: 4h}\n", "5:15: environment.repare: unknown key"),
        (
            "duration: 60",
            "environment: {crash: {mtbf: 1h, shape: 0}}\n",
            "5:33: environment.crash.shape: 0 does not do",
        ),
        (
            "duration: 60",
            "environment: {repair: {nominal: soon, sigma: 1}}\n",
            "5:24: environment.repair.nominal: 'soon' is not a duration",
        ),
        ("duration: 60", "constraints: {abort_share: 1.5}\n", "more than 0 and at most 1"),
        ("duration: 60", "constraints: {abort_share: 0.00001}\n", "more than 4 decimals"),
    ],
)
def test_mistakes_about_failures_are_named_with_place_and_remedy(
    patch: str, more: str, message: str
) -> None:
    node = f"{{id: a, type: database, patch: {{severity: 5, {patch}}}}}"
    with pytest.raises(ScenarioError) as caught:
        scenario_from_text(f"version: 1\nname: x\nnodes:\n  - {node}\n{more}", "f")
    assert message in str(caught.value)


BOTH = """\
version: 1
name: x
services: {{web: {{}}}}
nodes:
  - {{id: {0}, type: service_instance, service: web}}
  - {{id: web-1, type: database}}
edges: [{{source: web-1, target: web}}]
"""


def test_a_node_that_bears_its_services_name_is_told_a_name_that_does() -> None:
    assert problems(BOTH.format("web")) == [
        (
            "f.yaml:5:6: nodes.0.id: 'web' is both a node and a service; call the node 'web-2', "
            "or rename the service"
        )
    ]
    assert len(scenario_from_text(BOTH.format("web-2")).nodes) == 2


def test_replicas_that_bear_a_services_name_are_refused() -> None:
    (found,) = problems(BOTH.format("w, replicas: 2").replace("web: {}", "web: {}, w-2: {}"))
    assert "'w-2' is both a node and a service; give the node another id than 'w'" in found


def test_a_spread_without_sigma_is_fixed() -> None:
    text = HEAD + NODE + "environment: {repair: {nominal: 4h}}\n"
    environment = scenario_from_text(text).environment
    assert sigma_of(environment.repair or 0) == 0
    assert nominal_s(environment.repair or 0) == 4 * 3600
    assert scenario_schema()["$defs"]["Spread"]["required"] == ["nominal"]


def test_short_and_long_forms_say_the_same() -> None:
    """A plain duration is one without spread, a plain rollback one that never fails."""
    node = (
        "nodes:\n  - {{id: a, type: database, patch: {{severity: 5, {0}}}}}\nversion: 1\nname: x\n"
    )
    short, long = (
        build_infrastructure(scenario_from_text(node.format(text), "f"))
        for text in (
            "duration: 1m, rollback: 30s",
            "duration: {nominal: 60, sigma: 0}, rollback: {duration: {nominal: 30, sigma: 0}}",
        )
    )
    for name, column in vars(short.nodes).items():
        assert np.array_equal(column, getattr(long.nodes, name)), name
