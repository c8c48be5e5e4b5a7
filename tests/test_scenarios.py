"""The bundled scenarios: valid, and true to their sources where those are at hand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from patchopt import plan, simulate
from patchopt.files import bundled_scenarios, load_scenario
from patchopt.model.build import build_infrastructure
from patchopt.model.scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"


def source(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not at hand")
    return path


def edges_of(scenario: Scenario) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in scenario.edges}


@pytest.mark.parametrize("name", bundled_scenarios())
def test_a_bundled_scenario_is_sound_and_says_what_it_shows(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    build_infrastructure(scenario)
    first = (ROOT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"# .{20,}", first)


def test_at_least_three_have_failures_that_a_canary_is_there_for() -> None:
    """Releases bad for all of their nodes, in service too, that are detected and replaced."""
    found = 0
    for name in bundled_scenarios():
        infrastructure = build_infrastructure(load_scenario(name))
        releases, around = infrastructure.releases, infrastructure.surroundings
        shared = (releases.defect_probability > 0) & (releases.defect_latent_probability > 0)
        if shared.any() and around.detection_probability > 0:
            assert 0 < around.review_s < around.respin_s < infrastructure.limits.horizon_s
            found += 1
    assert found >= 3


@pytest.mark.parametrize("name", bundled_scenarios())
def test_a_horizon_is_given_and_explained(name: str) -> None:
    text = (ROOT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    assert re.search(r"^  horizon: \w+ +# .{20,}$", text, re.MULTILINE)


def test_ha_microservices_is_as_described() -> None:
    scenario = load_scenario("ha_microservices")
    infrastructure = build_infrastructure(scenario)
    services = infrastructure.services
    sizes = {
        name: (int(up), int(count))
        for name, up, count in zip(services.names, services.min_up, services.instances, strict=True)
    }
    assert sorted(sizes.values()) == [(1, 2), (2, 3), (2, 3), (2, 3)]
    assert sum(node.type == "host" for node in scenario.nodes) == 2


def test_online_boutique_has_the_workloads_and_edges_of_its_manifests() -> None:
    text = source("online-boutique/kubernetes-manifests.yaml").read_text(encoding="utf-8")
    documents = [document for document in yaml.safe_load_all(text) if document]
    workloads: dict[str, Any] = {
        document["metadata"]["name"]: document["spec"]["template"]["spec"]
        for document in documents
        if document["kind"] in ("Deployment", "StatefulSet")
    }
    edges = set()
    for name, spec in workloads.items():
        for container in spec["containers"] + spec.get("initContainers", []):
            for variable in container.get("env", []):
                if variable["name"].endswith("_ADDR"):
                    target = str(variable.get("value", "")).partition(":")[0]
                    if target in workloads:
                        edges.add((name, target))
    scenario = load_scenario("online_boutique")
    assert len(workloads) == 12
    assert len(edges) == 16
    assert set(scenario.services) == set(workloads)
    assert edges_of(scenario) == edges


def test_otel_demo_has_the_services_and_dependencies_of_its_compose_file() -> None:
    text = source("otel-demo/compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    edges = {
        (name, target)
        for name, service in services.items()
        for target in service.get("depends_on", ())
    }
    scenario = load_scenario("otel_demo")
    assert set(scenario.services) == set(services)
    assert edges_of(scenario) == edges


def test_cloud_foundry_has_the_instance_groups_of_its_manifest() -> None:
    text = source("cf-deployment/cf-deployment.yml").read_text(encoding="utf-8")
    manifest = yaml.safe_load(text)
    groups = {
        group["name"]: group["instances"]
        for group in manifest["instance_groups"]
        if group.get("lifecycle") != "errand"
    }
    infrastructure = build_infrastructure(load_scenario("cloud_foundry"))
    services = infrastructure.services
    assert dict(zip(services.names, services.instances.tolist(), strict=True)) == groups
    update = manifest["update"]
    assert (update["canaries"], update["max_in_flight"]) == (1, 1)
    # At most one of a group at once; but the databases, of which there is one each, must be up.
    spare = dict(zip(services.names, services.instances - services.min_up, strict=True))
    assert spare.pop("database") == spare.pop("singleton-blobstore") == 0
    assert set(spare.values()) == {1}


def test_severities_of_known_vulnerabilities_are_theirs() -> None:
    rows = source("vulnerabilities/kev_epss_nvd.csv").read_text(encoding="utf-8").splitlines()
    scores = {row.split(",")[0]: row.split(",")[1] for row in rows}
    checked = 0
    for name in bundled_scenarios():
        for key, patch in load_scenario(name).patches.items():
            if key in scores:
                assert float(patch.severity) == float(scores[key]), key
                checked += 1
    assert checked >= 10


@pytest.mark.parametrize("name", ["cloud_foundry", "online_boutique", "risky_patch"])
def test_a_canary_pays_where_releases_may_be_bad_in_service(name: str) -> None:
    # Against batches of the same size, order and crew without a gate, under the same luck.
    scenario = load_scenario(name)
    replications = 10_000
    ungated, gated = (
        simulate(scenario, plan(scenario, strategy), seed=1, replications=replications).frame()
        for strategy in ("batch_rolling", "canary")
    )
    saved = ungated["total_exposure"] - gated["total_exposure"]
    half_width = 1.96 * saved.std() / math.sqrt(replications)
    assert saved.mean() > half_width
    assert gated["bad_nodes"].mean() < 0.85 * ungated["bad_nodes"].mean()
