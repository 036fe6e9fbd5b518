"""A trained model as a folder of data: a manifest, plain arrays, and the estimators for re-training.

`manifest.json` holds the SHA-256 and size of every other file. They are checked before a byte is
parsed; nothing is ever unpickled. Serving reads `model.json`, the n-grams and their arrays;
`estimators.skops` is read by tests and re-training only.
"""

import hashlib
import io
import json
import os
import platform
import stat
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reputable.domain.errors import ArtifactRefused
from reputable.domain.models import ModelInfo, check_version
from reputable.domain.times import Micros, format_time, parse_time
from reputable.learning.features import FULL_FEATURES, LIGHT_FEATURES
from reputable.learning.folded import FoldedContext, FoldedText
from reputable.learning.golden import check_golden, golden_logits
from reputable.learning.history import Rates
from reputable.learning.model import FULL, LIGHT, FoldedModel
from reputable.learning.predictor import Predictor
from reputable.learning.reliability import ReliabilityModel
from reputable.learning.stage import Stage

SCHEMA = 1
MANIFEST, ESTIMATORS = "manifest.json", "estimators.skops"
MODELS_FOLDER = Path(__file__).parent.parent / "models"
"""Where the models of the package are."""
DEFAULT_VERSION = "politifact-2021.6"
"""The model that scores when no other is chosen."""
MAX_BYTES = 10 * 1024 * 1024
"""The most that all files of a model hold together."""
_MAX_MANIFEST = 64 * 1024
_SERVING_FILES = ("model.json", "ngrams.txt", "ngrams.npy", "contexts.txt", "contexts.npy", "stages.npz")
FEATURES = {LIGHT: LIGHT_FEATURES, FULL: FULL_FEATURES}

Floats = NDArray[np.float64]
Manifest = dict[str, Any]


def save(
    folder: Path, model: FoldedModel, estimators: bytes, *, trained_at: Micros, metrics: Mapping[str, float]
) -> None:
    """Write the model to `folder`, which is made; ArtifactRefused when it would be too large."""
    files = _files(model) | {ESTIMATORS: estimators}
    size = sum(len(content) for content in files.values())
    if size > MAX_BYTES:
        raise ArtifactRefused(f"the model takes {size:,} bytes; at most {MAX_BYTES:,} are kept")
    manifest = {
        "schema": SCHEMA,
        "version": check_version("version", model.version),
        "trained_at": format_time(trained_at),
        "window_start": format_time(model.window_start),
        "window_end": format_time(model.window_end),
        "libraries": {name: installed_version(name) for name in ("numpy", "scikit-learn", "skops")},
        "python": platform.python_version(),
        "metrics": dict(metrics),
        "verdict_memory": FULL in model.stages,
        "golden": golden_logits(Predictor(model)),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in sorted(files.items())
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def load(folder: Path) -> Predictor:
    """Read, check and test a model; ArtifactRefused says what is wrong and what to do.

    With `"verdict_memory": false` in its manifest it has the light form only.
    """
    raw, manifest = _manifest(folder)
    contents = {name: _content(folder, manifest, name) for name in _SERVING_FILES}
    try:
        model = _model(manifest["version"], contents)
        if not manifest.get("verdict_memory", True):
            model = replace(model, stages={LIGHT: model.stages[LIGHT]})
        predictor = Predictor(model, hashlib.sha256(raw).digest())
        check_golden(predictor, manifest["golden"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(folder, f"cannot be read: {error}") from error
    return predictor


def describe(folder: Path) -> ModelInfo:
    """What the manifest says, nothing else read; ArtifactRefused when it cannot be."""
    raw, manifest = _manifest(folder)
    try:
        return ModelInfo(
            version=check_version("version", manifest["version"]),
            digest=hashlib.sha256(raw).digest(),
            trained_at=parse_time(manifest["trained_at"]),
            window_start=parse_time(manifest["window_start"]),
            window_end=parse_time(manifest["window_end"]),
            metrics={str(name): float(value) for name, value in manifest["metrics"].items()},
            size_bytes=len(raw) + sum(int(entry["size"]) for entry in manifest["files"].values()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _refused(folder, f"has a manifest that cannot be read: {error}") from error


def estimators(folder: Path) -> bytes:
    """The checked bytes of the fitted estimators."""
    return _content(folder, _manifest(folder)[1], ESTIMATORS)


def _files(model: FoldedModel) -> dict[str, bytes]:
    small = {
        "text_intercept": model.text.intercept,
        "context_intercept": model.context.intercept,
        "context_centre": model.context_centre,
        "known_limit": model.known_limit,
        "window_start": model.window_start,
        "window_end": model.window_end,
        "start": [model.start.base, model.start.recent, model.start.collective, model.start.truthfulness],
        "reliability": [model.reliability.strength, model.reliability.drift, model.reliability.recent_weight],
        "settings": dict(model.settings),
        "stages": {
            form: {
                "features": stage.features,
                "weights": stage.weights,
                "intercept": stage.intercept,
                "neutral": stage.neutral,
            }
            for form, stage in model.stages.items()
        },
    }
    arrays = {
        f"{form}_{name}": getattr(stage, name) for form, stage in model.stages.items() for name in ("offset", "spread")
    }
    stages = io.BytesIO()
    np.savez(stages, **arrays)
    return {
        "model.json": json.dumps(small, indent=1).encode(),
        "ngrams.txt": "\n".join(model.text.weights).encode(),
        "ngrams.npy": _npy(np.array(list(model.text.weights.values()))),
        "contexts.txt": "\n".join(model.context.weights).encode(),
        "contexts.npy": _npy(np.array(list(model.context.weights.values())).reshape(-1, 2)),
        "stages.npz": stages.getvalue(),
    }


def _npy(array: Floats) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def _model(version: str, contents: Mapping[str, bytes]) -> FoldedModel:
    small = json.loads(contents["model.json"])
    for form, entry in small["stages"].items():
        if tuple(entry["features"]) != FEATURES[form]:
            raise ValueError(f"its {form} form wants other features than this release makes; train it anew")
    arrays = np.load(io.BytesIO(contents["stages.npz"]), allow_pickle=False)
    stages = {
        form: Stage(
            features=tuple(entry["features"]),
            weights=tuple(entry["weights"]),
            intercept=float(entry["intercept"]),
            neutral=(entry["neutral"][0], entry["neutral"][1]),
            offset=arrays[f"{form}_offset"],
            spread=arrays[f"{form}_spread"],
        )
        for form, entry in small["stages"].items()
    }
    words = _weights(contents, "ngrams", 3)
    contexts = _weights(contents, "contexts", 2)
    return FoldedModel(
        version=version,
        text=FoldedText({gram: (w[0], w[1], w[2]) for gram, w in words.items()}, float(small["text_intercept"])),
        context=FoldedContext({gram: (w[0], w[1]) for gram, w in contexts.items()}, float(small["context_intercept"])),
        stages=stages,
        reliability=ReliabilityModel(*small["reliability"]),
        start=Rates(*small["start"]),
        context_centre=float(small["context_centre"]),
        known_limit=float(small["known_limit"]),
        window_start=int(small["window_start"]),
        window_end=int(small["window_end"]),
        settings=small["settings"],
    )


def _weights(contents: Mapping[str, bytes], name: str, columns: int) -> dict[str, list[float]]:
    text = contents[f"{name}.txt"].decode()
    grams = text.split("\n") if text else []
    array = np.load(io.BytesIO(contents[f"{name}.npy"]), allow_pickle=False)
    if array.shape != (len(grams), columns) or not np.isfinite(array).all():
        raise ValueError(f"{name} and their weights do not belong together")
    return dict(zip(grams, array.tolist(), strict=True))


def _manifest(folder: Path) -> tuple[bytes, Manifest]:
    raw = _read(folder, MANIFEST, _MAX_MANIFEST)
    try:
        manifest = json.loads(raw)
        schema, size = manifest["schema"], sum(int(entry["size"]) for entry in manifest["files"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _refused(folder, f"has a manifest that cannot be read: {error}") from error
    if schema != SCHEMA:
        raise _refused(folder, f"has schema {schema!r}, this release reads {SCHEMA}")
    if size > MAX_BYTES:
        raise _refused(folder, f"claims {size:,} bytes; at most {MAX_BYTES:,} are read")
    return raw, manifest


def _content(folder: Path, manifest: Manifest, name: str) -> bytes:
    try:
        entry = manifest["files"][name]
        size, digest = int(entry["size"]), str(entry["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(folder, f"has a manifest without {name}") from error
    content = _read(folder, name, size)
    if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
        raise _refused(folder, f"{name} is not the file that the manifest names")
    return content


def _read(folder: Path, name: str, most: int) -> bytes:
    """Up to `most` bytes of a regular file, no link followed."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(folder, f"{name} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _refused(folder, f"{name} is not a regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise _refused(folder, f"{name} is larger than the {most:,} bytes expected")
    return content


def _refused(folder: Path, what: str) -> ArtifactRefused:
    return ArtifactRefused(f"model {folder.name}: {what}; install the package again, or train with `reputable train`")
