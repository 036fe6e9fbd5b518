"""What an installation of one replica, and one of several, say about themselves."""

import re
from pathlib import Path

import pytest

from tests.k8s.manifests import PRODUCTION, configured, container, find, of_kind, pod

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


def test_local_keeps_its_own_models_and_the_choice_between_them_beside_its_ledger() -> None:
    found = configured("local")

    assert found.models_dir is not None
    assert found.models_dir.parent == Path(found.ledger_url.removeprefix("sqlite:///")).parent


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


def test_replicas_share_the_models_of_their_own_and_the_choice_between_them() -> None:
    folder = configured("production-models").models_dir
    claim = find("production-models", "PersistentVolumeClaim", "reputable-models")
    volumes = {item["name"]: item for item in pod("production-models")["volumes"]}
    mounts = {item["mountPath"]: volumes[item["name"]] for item in container("production-models")["volumeMounts"]}

    assert mounts[str(folder)]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
