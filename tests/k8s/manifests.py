"""The Kubernetes manifests as kubectl renders them, and what the tests ask of them."""

import functools

from reputable import settings
from scripts import check_manifests
from scripts.check_manifests import Object

ALL = tuple(check_manifests.RENDERINGS)
PRODUCTION = ("production", "production-mtls", "production-models")


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
