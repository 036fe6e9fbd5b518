"""Models whose answers show which of them gave them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from reputable.adapters.model_shelf import FolderShelf
from reputable.application.ports import ScoreInput
from reputable.domain.assessments import Explanation, Score
from reputable.domain.errors import ArtifactRefused
from reputable.domain.models import ModelInfo
from tests.builders import NOON, ShareScorer


class ConstantScorer(ShareScorer):
    """Answers with the number in its version: model-25 always says 0.25."""

    def score(self, item: ScoreInput, explanation: Explanation) -> Score:
        """The number."""
        return super().score(item, explanation)._replace(credibility=said_by(self.version))


def said_by(version: str) -> float:
    """What a version always says."""
    return int(version.split("-")[1]) / 100


def load(folder: Path) -> ConstantScorer:
    """A model of the folder's name, or of that in its file `holds`; refused where there is a file `damaged`."""
    if (folder / "damaged").exists():
        raise ArtifactRefused(f"{folder.name} is damaged; copy it again")
    name = folder / "holds"
    return ConstantScorer(name.read_text() if name.exists() else folder.name)


def describe(folder: Path) -> ModelInfo:
    """What there is to know of it."""
    digest = hashlib.sha256(folder.name.encode()).digest()
    return ModelInfo(folder.name, digest, NOON, NOON, NOON, metrics={"auc": said_by(folder.name)}, size_bytes=1_000)


def shelf_on(
    folder: Path, versions: Sequence[str] = ("model-25", "model-75"), default: str = "model-25"
) -> FolderShelf:
    """A shelf of them in `folder`."""
    for version in versions:
        (folder / version).mkdir(parents=True, exist_ok=True)
    return FolderShelf([folder], load=load, describe=describe, default=default)
