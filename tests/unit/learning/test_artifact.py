"""A damaged model is refused with a sentence."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reputable.domain.errors import ArtifactRefused
from reputable.learning import artifact

FOLDER = artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / artifact.DEFAULT_VERSION))


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / artifact.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_shipped_model_is_small_and_holds_no_long_ngram() -> None:
    assert artifact.describe(FOLDER).size_bytes <= artifact.MAX_BYTES
    grams = (FOLDER / "ngrams.txt").read_text("utf-8").split("\n")
    assert max(gram.count(" ") for gram in grams) == 1


@pytest.mark.parametrize("name", ["model.json", "ngrams.txt", "ngrams.npy", "contexts.npy", "stages.npz"])
def test_a_flipped_byte_is_noticed(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ArtifactRefused, match=name):
        artifact.load(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "ngrams.npy").unlink()
    with pytest.raises(ArtifactRefused, match=r"ngrams\.npy cannot be opened"):
        artifact.load(copy)


def test_a_link_in_place_of_a_file_is_not_followed(copy: Path, tmp_path: Path) -> None:
    (copy / "model.json").rename(tmp_path / "elsewhere")
    (copy / "model.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactRefused, match=r"model\.json cannot be opened"):
        artifact.load(copy)


def test_a_file_larger_than_its_manifest_says_is_not_read(copy: Path) -> None:
    with (copy / "ngrams.txt").open("ab") as file:
        file.truncate(1 << 34)
    with pytest.raises(ArtifactRefused, match="larger than"):
        artifact.load(copy)


def test_a_manifest_that_claims_too_much_is_refused(copy: Path) -> None:
    edit_manifest(copy, files={"ngrams.txt": {"size": 1 << 40, "sha256": ""}})
    with pytest.raises(ArtifactRefused, match="at most"):
        artifact.load(copy)


def test_a_manifest_of_another_schema_is_refused(copy: Path) -> None:
    edit_manifest(copy, schema=99)
    with pytest.raises(ArtifactRefused, match="schema 99"):
        artifact.load(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"schema": 1}', b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused(copy: Path, content: bytes) -> None:
    (copy / artifact.MANIFEST).write_bytes(content)
    with pytest.raises(ArtifactRefused, match="manifest"):
        artifact.load(copy)
    with pytest.raises(ArtifactRefused, match="manifest"):
        artifact.describe(copy)


def test_a_model_that_scores_its_golden_claims_differently_is_refused(copy: Path) -> None:
    golden = json.loads((copy / artifact.MANIFEST).read_text())["golden"]
    edit_manifest(copy, golden={**golden, "jobs": golden["jobs"] + 1e-6})
    with pytest.raises(ArtifactRefused, match="golden claim 'jobs'"):
        artifact.load(copy)


def test_the_manifest_is_described_without_reading_the_rest(copy: Path) -> None:
    (copy / "model.json").unlink()
    assert artifact.describe(copy).version == artifact.DEFAULT_VERSION


def test_serving_imports_neither_scikit_learn_nor_scipy() -> None:
    code = (
        "import sys\n"
        "from reputable.learning import artifact, epochs\n"
        "artifact.load(artifact.MODELS_FOLDER / artifact.DEFAULT_VERSION)\n"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'skops')))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
