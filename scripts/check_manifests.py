"""Render the Kubernetes overlays and check every object strictly against its schema.

Usage: python scripts/check_manifests.py [FOLDER]

Writes FOLDER/NAME.yaml (default build/k8s) for each overlay, and for `production` with each component that it leaves
out. Exits 1 after naming each object that its schema refuses.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
OVERLAYS = ROOT / "k8s" / "overlays"
COMPONENTS = ROOT / "k8s" / "components"
# The name of a rendering: the overlay, and the components added to it.
RENDERINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "local": ("local", ()),
    "production": ("production", ()),
    "production-mtls": ("production", ("mtls",)),
    "production-models": ("production", ("models",)),
}
CUSTOM: dict[str, type[BaseModel]] = {"PrometheusRule": PrometheusRule, "ServiceMonitor": ServiceMonitor}

Object = dict[str, Any]


def render(name: str) -> str:
    """One of RENDERINGS as kubectl prints it; CalledProcessError when kustomize refuses it."""
    overlay, components = RENDERINGS[name]
    with tempfile.TemporaryDirectory() as folder:
        # A root of its own, as an installation would write it: the overlay and what it adds.
        here = Path(folder).resolve()
        kustomization = {
            "resources": [os.path.relpath(OVERLAYS / overlay, here)],
            "components": [os.path.relpath(COMPONENTS / component, here) for component in components],
        }
        (here / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
        kubectl = Path(sys.executable).with_name("kubectl")
        command = [str(kubectl), "kustomize", folder]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - ours


def objects(rendered: str) -> list[Object]:
    """The objects of a rendering, in order."""
    return [document for document in yaml.safe_load_all(rendered) if document]


def problem(item: Object) -> str | None:
    """Why the object's schema refuses it; None when it does not. Unknown fields are refused too."""
    model = CUSTOM.get(item["kind"])
    try:
        if model is None:
            kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)
            return None
        understood = model.model_validate(item).model_dump(by_alias=True, exclude_unset=True, mode="json")
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError, ValueError) as error:
        return str(error)
    return None if understood == item else "it has fields that the definition does not know"


def main(folder: Path) -> int:
    """Write and check every rendering; the number of refused objects."""
    folder.mkdir(parents=True, exist_ok=True)
    refused = 0
    for name in RENDERINGS:
        rendered = render(name)
        (folder / f"{name}.yaml").write_text(rendered, encoding="utf-8")
        found = objects(rendered)
        reasons = [(item, reason) for item in found if (reason := problem(item)) is not None]
        for item, reason in reasons:
            print(f"{name}: {item['kind']}/{item['metadata']['name']}: {reason}", file=sys.stderr)  # noqa: T201
        print(f"{name}: {len(found)} objects, {len(reasons)} refused")  # noqa: T201
        refused += len(reasons)
    return refused


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "k8s") else 0)
