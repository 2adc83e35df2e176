"""Every service is deployed alike: reachable by whom it answers and nobody else, with no rights it does not need."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT, SERVICES
from tests.deploy.manifests import BASE, DEPLOY, compose, containers, every_pod, found, literals

# Who may call whom: the whole of it. Everything else travels as events.
CALLS = {
    "gateway": {"documents", "identity", "linking", "messaging", "notify"},
    "documents": {"identity"},
    "messaging": {"identity"},
    "linking": {"identity"},
    "identity": {"notify"},
    "notify": set(),
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_named_alike_in_all_its_objects(service: str) -> None:
    label = {"app.kubernetes.io/name": service}
    deployment = found("Deployment", service)["spec"]
    assert deployment["selector"]["matchLabels"] == label
    assert deployment["template"]["metadata"]["labels"] == label
    assert deployment["replicas"] >= 2
    assert found("Service", service)["spec"]["selector"] == label
    assert found("PodDisruptionBudget", service)["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": label}}
    assert found("NetworkPolicy", service)["spec"]["podSelector"]["matchLabels"] == label


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_as_itself_on_both(service: str) -> None:
    (container,) = containers(service)
    assert container["args"] == compose()["services"][service]["command"] == [f"services.{service}"]


@pytest.mark.parametrize("service", SERVICES)
def test_only_its_callers_reach_a_service(service: str) -> None:
    policy = found("NetworkPolicy", service)["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert _peers(policy["egress"], "to") == CALLS[service]
    assert _peers(policy["ingress"], "from") == {caller for caller, called in CALLS.items() if service in called}


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"gateway"}))
def test_callers_see_every_pod_of_a_service(service: str) -> None:
    assert found("Service", service)["spec"]["clusterIP"] == "None"
    assert f"{service}=dns:///{service}:50051" in literals("kontor-process")["KONTOR_PEERS"].split(",")


def test_no_pod_can_do_more_than_it_must() -> None:
    (service,), job = every_pod()["containers"], found("Job", "migrate")["spec"]["template"]["spec"]
    for pod, container in ((every_pod(), service), (job, job["containers"][0])):
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        restricted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert container["securityContext"] == restricted


def test_a_pod_has_time_to_finish_what_it_began() -> None:
    """preStop and the drain of 20 seconds (KONTOR_DRAIN_SECONDS) fit into what Kubernetes waits."""
    (container,) = every_pod()["containers"]
    pause = int(re.findall(r"sleep\((\d+)\)", container["lifecycle"]["preStop"]["exec"]["command"][-1])[0])
    assert pause + 20 < every_pod()["terminationGracePeriodSeconds"]


def test_probes_ask_ports_that_every_service_opens() -> None:
    (common,) = every_pod()["containers"]
    asked = {common[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    for service in SERVICES:
        (container,) = containers(service)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert asked <= set(ports)
        assert literals("kontor-process")["KONTOR_ADMIN_LISTEN"] == f"0.0.0.0:{ports['admin']}"


def test_every_mounted_secret_and_map_is_named_in_the_bases_explanation() -> None:
    words = (BASE / "kustomization.yaml").read_text()
    everything = "".join(path.read_text() for path in BASE.glob("*.yaml"))
    read = set(re.findall(r"configMapKeyRef: \{name: ([\w-]+), key: ([\w.-]+)\}", everything))
    assert {(name, key) for name, key in read if not re.search(rf"{name}\b.*\b{key}\b", words)} == set()
    assert set(re.findall(r"/secrets/\w+/([\w-]+)", everything)) <= set(re.findall(r"[\w-]+", words))


def test_images_have_a_version_and_ours_a_numeric_user() -> None:
    images = {service["image"] for service in compose()["services"].values()}
    assert {image for image in images if not re.fullmatch(r"[\w./-]+:(\d[\w.-]*|v\d[\w.-]*|local)", image)} == set()
    recipe = (DEPLOY / "Dockerfile").read_text()
    assert recipe.count("\nFROM ") == 2
    assert re.search(r"^USER \d+:\d+$", recipe, re.MULTILINE)
    assert "--require-hashes" in recipe


def test_compose_lets_kontor_write_nowhere_but_in_tmp() -> None:
    ours = [service for service in compose()["services"].values() if service["image"].startswith("kontor")]
    assert len(ours) == len(SERVICES) + 2
    for service in ours:
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_a_container_sees_the_keys_it_needs_and_no_others(tmp_path: Path) -> None:
    """What a break-in in one service may cost: only identity can sign, only documents can open files."""
    job = compose()["services"]["keys"]
    for name in ("public", "identity", "documents"):
        (tmp_path / "kept" / name).mkdir(parents=True)
    made = {"/keys": tmp_path / "keys", "/kept": tmp_path / "kept"}
    program = re.sub(r'"(/ke[a-z]+)"', lambda found: repr(str(made[found[1]])), job["entrypoint"][-1])
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    places = dict(volume.split(":", 1) for volume in job["volumes"])
    keys = {volume: {path.name for path in Path(f"{tmp_path}{place}").iterdir()} for volume, place in places.items()}
    seen = {name: keys[service["volumes"][0].split(":")[0]] for name, service in compose()["services"].items() if name in SERVICES}
    own = {"identity": {"identity.json", "identity-sealing.txt"}, "documents": {"sealing.txt"}}
    assert seen == {name: {"assertion-public.json"} | own.get(name, set()) for name in SERVICES}


def test_back_office_systems_come_in_only_where_a_namespace_is_labelled_for_it() -> None:
    """BEY-15: what the example in README.md calls."""
    policy = found("NetworkPolicy", "back-office")["spec"]
    (chosen,) = policy["podSelector"]["matchExpressions"]
    assert set(chosen["values"]) == {"identity", "documents", "linking"}
    (rule,) = policy["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kontor.example/back-office": "true"}}}]
    assert rule["ports"] == [{"port": "grpc"}]


def _peers(rules: list[dict[str, Any]], side: str) -> set[str]:
    selectors = [peer["podSelector"]["matchLabels"] for rule in rules for peer in rule.get(side, [])]
    return {labels["app.kubernetes.io/name"] for labels in selectors}
