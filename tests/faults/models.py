"""Models for the fault tests: the package's own under other versions, sound and damaged."""

import json
from dataclasses import replace
from pathlib import Path

from reputable.learning import artifact

SHIPPED = artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION


def shift(folder: Path, version: str, by: float) -> Path:
    """A model whose every log-odds is higher by that much."""
    model = artifact.load(SHIPPED).model
    stages = {form: replace(stage, intercept=stage.intercept + by) for form, stage in model.stages.items()}
    shifted = replace(model, version=version, stages=stages)
    trained_at = artifact.describe(SHIPPED).trained_at
    artifact.save(folder / version, shifted, artifact.estimators(SHIPPED), trained_at=trained_at, metrics={})
    return folder / version


def truncated(folder: Path) -> Path:
    """A file of it ends early."""
    path = shift(folder, "truncated", 0.0) / "ngrams.npy"
    path.write_bytes(path.read_bytes()[:-100])
    return path.parent


def altered(folder: Path) -> Path:
    """A byte of it is another than its digest says."""
    path = shift(folder, "altered", 0.0) / "ngrams.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    return path.parent


def without_numbers(folder: Path) -> Path:
    """Its scores are not numbers, though every digest is right."""
    return shift(folder, "without-numbers", float("nan"))


def of_other_features(folder: Path) -> Path:
    """It wants features that this release does not make."""
    model = artifact.load(SHIPPED).model
    stages = {
        form: replace(stage, features=(*stage.features[:-1], "phase_of_the_moon"))
        for form, stage in model.stages.items()
    }
    other = replace(model, version="other-features", stages=stages)
    trained_at = artifact.describe(SHIPPED).trained_at
    artifact.save(folder / "other-features", other, artifact.estimators(SHIPPED), trained_at=trained_at, metrics={})
    return folder / "other-features"


def misnamed(folder: Path) -> Path:
    """Its manifest names another version than its folder."""
    path = shift(folder, "misnamed", 0.0)
    manifest = json.loads((path / artifact.MANIFEST).read_text())
    (path / artifact.MANIFEST).write_text(json.dumps(manifest | {"version": "another"}))
    return path


def beyond_reach(folder: Path) -> Path:
    """A file of it is a link to one outside of the folder."""
    path = shift(folder, "beyond-reach", 0.0)
    outside = folder.parent / "outside.npy"
    outside.write_bytes((path / "ngrams.npy").read_bytes())
    (path / "ngrams.npy").unlink()
    (path / "ngrams.npy").symlink_to(outside)
    return path


def endless(folder: Path) -> Path:
    """A file of it is a device that never ends."""
    path = shift(folder, "endless", 0.0)
    (path / "ngrams.npy").unlink()
    (path / "ngrams.npy").symlink_to("/dev/zero")
    return path
