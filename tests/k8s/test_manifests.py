"""What the Kubernetes manifests say, as kubectl renders them."""

import copy
import functools
import re
from itertools import chain
from typing import Any

import pytest
import yaml

from reputable import settings
from scripts import check_manifests
from scripts.check_manifests import ROOT, Object

ALL = tuple(check_manifests.RENDERINGS)
PRODUCTION = ("production", "production-mtls")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


@functools.cache
def rendering(name: str) -> list[Object]:
    return check_manifests.objects(check_manifests.render(name))


def find(name: str, kind: str, called: str = "reputable") -> Object:
    found = [item for item in rendering(name) if item["kind"] == kind and item["metadata"]["name"] == called]
    assert len(found) == 1
    return found[0]


def of_kind(name: str, kind: str) -> list[Object]:
    return [item for item in rendering(name) if item["kind"] == kind]


def pod(name: str) -> Object:
    return dict(find(name, "Deployment")["spec"]["template"]["spec"])


def container(name: str) -> Object:
    (only,) = pod(name)["containers"]
    return dict(only)


def variables(name: str) -> dict[str, str | None]:
    """The REPUTABLE_* variables of the pod; None for one that comes from a Secret."""
    (maps,) = of_kind(name, "ConfigMap")
    given = {item["name"]: item.get("value") for item in container(name).get("env", [])}
    return {**maps["data"], **given}


def configured(name: str) -> settings.Settings:
    """The settings that the pod would start with, secrets replaced."""
    secrets = {
        "REPUTABLE_LEDGER_URL": "postgresql://db/reputable",
        "REPUTABLE_REDIS_URL": "redis://reputable-redis:6379/0",
    }
    found, warnings = settings.load({key: value or secrets[key] for key, value in variables(name).items()})
    assert warnings == []
    return found


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


# ---------------------------------------------------------------------------- local


def test_local_is_one_process_on_one_file_that_outlives_it() -> None:
    spec = find("local", "Deployment")["spec"]
    path = configured("local").ledger_url.removeprefix("sqlite:///")
    (claim,) = of_kind("local", "PersistentVolumeClaim")
    volumes = {item["name"]: item for item in pod("local")["volumes"]}
    mounts = {item["mountPath"]: volumes[item["name"]] for item in container("local")["volumeMounts"]}

    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    assert mounts[path.rpartition("/")[0]]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert of_kind("local", "HorizontalPodAutoscaler") == []


# ---------------------------------------------------------------------------- production


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_takes_its_urls_from_secrets(name: str) -> None:
    given = {item["name"]: item.get("valueFrom") for item in container(name)["env"]}

    assert given["REPUTABLE_LEDGER_URL"] == {"secretKeyRef": {"name": "reputable-postgres", "key": "url"}}
    assert given["REPUTABLE_REDIS_URL"] == {"secretKeyRef": {"name": "reputable-redis", "key": "url"}}


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_has_three_replicas_or_more_and_an_apply_never_scales_down(name: str) -> None:
    scaler = find(name, "HorizontalPodAutoscaler")["spec"]

    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "reputable"}
    assert scaler["minReplicas"] == 3
    assert scaler["maxReplicas"] > 3
    assert "replicas" not in find(name, "Deployment")["spec"]


@pytest.mark.parametrize("name", PRODUCTION)
def test_a_rollout_takes_no_pod_away_before_another_is_ready(name: str) -> None:
    strategy = find(name, "Deployment")["spec"]["strategy"]

    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.mark.parametrize("name", PRODUCTION)
def test_a_draining_pod_outlasts_the_connections_of_a_proxy(name: str) -> None:
    found = configured(name)

    assert 0 < found.connection_age_seconds < found.drain_seconds


@pytest.mark.parametrize("name", PRODUCTION)
def test_nodes_and_zones_share_the_pods_and_lose_one_at_a_time(name: str) -> None:
    labels = find(name, "Deployment")["spec"]["selector"]["matchLabels"]
    spread = {item["topologyKey"]: item for item in pod(name)["topologySpreadConstraints"]}
    budget = find(name, "PodDisruptionBudget")["spec"]

    assert set(spread) == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    assert [item for item in spread.values() if item["labelSelector"]["matchLabels"] != labels] == []
    assert (budget["maxUnavailable"], budget["selector"]["matchLabels"]) == (1, labels)


@pytest.mark.parametrize("name", PRODUCTION)
def test_what_production_needs_is_let_through_and_nothing_else(name: str) -> None:
    policies = [item["spec"] for item in of_kind(name, "NetworkPolicy")]
    ours = {"app.kubernetes.io/name": "reputable"}
    mine = [item for item in policies if item["podSelector"].get("matchLabels") == ours]
    out = [rule["ports"] for item in mine for rule in item.get("egress", [])]
    into = [rule["ports"] for item in mine for rule in item.get("ingress", [])]

    assert {port["port"] for ports in out for port in ports} == {53, 5432, 6379}
    assert {port["port"] for ports in into for port in ports} == {50051, 9464}
    assert [rule for item in mine for rule in item.get("ingress", []) if "from" not in rule] == []


def test_prometheus_scrapes_the_service_once_by_the_job_of_the_alerts() -> None:
    monitor = find("production", "ServiceMonitor")["spec"]
    chosen = [
        item["metadata"]["name"]
        for item in of_kind("production", "Service")
        if monitor["selector"]["matchLabels"].items() <= item["metadata"]["labels"].items()
    ]

    assert chosen == ["reputable"]
    assert monitor["jobLabel"] == "app.kubernetes.io/name"
    assert [item["port"] for item in monitor["endpoints"]] == ["metrics"]


def test_the_redis_image_is_pinned_and_keeps_nothing() -> None:
    (redis,) = find("production", "Deployment", "reputable-redis")["spec"]["template"]["spec"]["containers"]
    arguments = dict(zip(redis["args"][::2], redis["args"][1::2], strict=True))

    assert re.fullmatch(r"redis:[\w.-]+@sha256:[0-9a-f]{64}", redis["image"])
    assert (arguments["--save"], arguments["--appendonly"]) == ("", "no")
    assert arguments["--maxmemory-policy"] == "allkeys-lru"


def test_the_manifests_name_the_version_of_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    base = yaml.safe_load((ROOT / "k8s/base/kustomization.yaml").read_text(encoding="utf-8"))

    assert base["images"] == [
        {"name": "reputable", "newTag": re.findall(r'^version = "(.+)"', project, re.MULTILINE)[0]}
    ]
