"""What the Kubernetes manifests say of every installation, as kubectl renders them."""

import copy
import re
from itertools import chain
from typing import Any

import pytest
import yaml

from reputable import settings
from scripts import check_manifests
from scripts.check_manifests import ROOT
from tests.k8s.manifests import ALL, configured, container, find, of_kind, pod, rendering, variables

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


# ---------------------------------------------------------------------------- the check itself


@pytest.mark.parametrize("name", ALL)
def test_every_object_is_what_its_schema_says(name: str) -> None:
    problems = {item["metadata"]["name"]: check_manifests.problem(item) for item in rendering(name)}

    assert len(problems) > 5
    assert {key: why for key, why in problems.items() if why} == {}


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", ("spec", "template", "spec", "enableServiceLink"), False),
        ("Deployment", ("spec", "replica"), 3),
        ("HorizontalPodAutoscaler", ("spec", "minReplicas"), "three"),
        ("ServiceMonitor", ("spec", "endpoints", 0, "intervall"), "15s"),
        ("ServiceMonitor", ("spec", "endpoints", 0, "interval"), "soon"),
        ("PrometheusRule", ("spec", "groups", 0, "rules", 0, "severity"), "page"),
    ],
)
def test_a_misspelt_field_or_a_wrong_value_is_refused(kind: str, path: tuple[str | int, ...], value: object) -> None:
    item = copy.deepcopy(find("production", kind))
    assert check_manifests.problem(item) is None
    holder: Any = item
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value

    assert check_manifests.problem(item) is not None


@pytest.mark.parametrize("name", ALL)
def test_every_variable_is_a_setting_and_its_value_is_taken(name: str) -> None:
    assert configured(name).address.endswith(":50051")


def test_every_check_that_is_skipped_has_its_reason() -> None:
    lines = (ROOT / ".checkov.yaml").read_text(encoding="utf-8").splitlines()
    skips = [number for number, line in enumerate(lines) if line.startswith("  - CKV")]

    assert skips
    assert [lines[number] for number in skips if not lines[number - 1].startswith("  #")] == []


# ---------------------------------------------------------------------------- every installation


@pytest.mark.parametrize("name", ALL)
def test_no_service_link_reaches_a_pod(name: str) -> None:
    pods = [item["spec"]["template"]["spec"] for item in of_kind(name, "Deployment")]

    assert {item["enableServiceLinks"] for item in pods} == {False}


@pytest.mark.parametrize("name", ALL)
def test_no_setting_has_the_name_of_a_link_to_one_of_our_services(name: str) -> None:
    """A pod with service links would find these in its environment, such as REPUTABLE_PORT."""
    services = [item["metadata"]["name"].upper().replace("-", "_") for item in of_kind(name, "Service")]
    links = tuple(f"{service}_{end}" for service in services for end in ("PORT", "SERVICE_HOST", "SERVICE_PORT"))
    names = [f"REPUTABLE_{field.upper()}" for field in settings.Settings.model_fields]

    assert "REPUTABLE_PORT" in links
    assert [field for field in names if field.startswith(links)] == []


@pytest.mark.parametrize("name", ALL)
def test_every_pod_runs_as_nobody_with_nothing_to_write_and_no_privilege(name: str) -> None:
    for item in of_kind(name, "Deployment"):
        spec = item["spec"]["template"]["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] >= 10_000
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in spec["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
            }


@pytest.mark.parametrize("name", ALL)
def test_the_namespace_refuses_pods_that_are_less_strict(name: str) -> None:
    labels = find(name, "Namespace")["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", ALL)
def test_every_container_has_probes_requests_and_a_limit_of_memory(name: str) -> None:
    containers = chain.from_iterable(
        item["spec"]["template"]["spec"]["containers"] for item in of_kind(name, "Deployment")
    )
    for each in containers:
        assert set(PROBES) <= set(each)
        assert {"cpu", "memory"} <= set(each["resources"]["requests"])
        assert "memory" in each["resources"]["limits"]


@pytest.mark.parametrize("name", ["local", "production"])
def test_the_probes_speak_grpc_and_liveness_is_apart_from_readiness(name: str) -> None:
    probes = [container(name)[probe]["grpc"] for probe in PROBES]

    assert probes == [{"port": 50051}, {"port": 50051}, {"port": 50051, "service": "liveness"}]


def test_over_tls_the_probes_go_to_the_metrics_port() -> None:
    """The kubelet's gRPC probes speak no TLS."""
    probes = [container("production-mtls")[probe] for probe in PROBES]

    assert [probe["httpGet"]["path"] for probe in probes] == ["/readyz", "/readyz", "/healthz"]
    assert {probe["httpGet"]["port"] for probe in probes} == {"metrics"}
    assert [probe for probe in probes if "grpc" in probe] == []
    assert configured("production-mtls").tls_client_ca is not None


@pytest.mark.parametrize("name", ALL)
def test_a_pod_has_time_to_drain_and_to_end_its_calls(name: str) -> None:
    found = configured(name)
    sleep = container(name)["lifecycle"]["preStop"]["sleep"]["seconds"]
    closing = 10

    assert sleep >= 5
    assert pod(name)["terminationGracePeriodSeconds"] >= sleep + found.drain_seconds + found.grace_seconds + closing


@pytest.mark.parametrize("name", ALL)
def test_nothing_goes_in_or_out_that_no_policy_names(name: str) -> None:
    deny = find(name, "NetworkPolicy", "default-deny")["spec"]

    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("name", ALL)
def test_clients_that_balance_find_every_pod(name: str) -> None:
    headless = find(name, "Service", "reputable-headless")["spec"]

    assert headless["clusterIP"] == "None"
    assert headless["selector"] == find(name, "Deployment")["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize("name", ALL)
def test_every_port_of_a_service_leads_to_a_port_of_its_pods(name: str) -> None:
    templates = [item["spec"]["template"] for item in of_kind(name, "Deployment")]
    for service in of_kind(name, "Service"):
        selector = service["spec"]["selector"].items()
        (template,) = [each for each in templates if selector <= each["metadata"]["labels"].items()]
        ports = {port["name"] for each in template["spec"]["containers"] for port in each["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


@pytest.mark.parametrize("name", ALL)
def test_no_manifest_holds_a_secret(name: str) -> None:
    assert of_kind(name, "Secret") == []
    given = [value for value in variables(name).values() if value]

    assert [value for value in given if re.search(r"://[^/]*@", value)] == []


def test_the_manifests_name_the_version_of_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    base = yaml.safe_load((ROOT / "k8s/base/kustomization.yaml").read_text(encoding="utf-8"))

    assert base["images"] == [
        {"name": "reputable", "newTag": re.findall(r'^version = "(.+)"', project, re.MULTILINE)[0]}
    ]
