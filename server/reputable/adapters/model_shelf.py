"""The models that there are: folders on disk, one of them active."""

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

import structlog

from reputable.application.ports import Scorer
from reputable.domain.errors import ArtifactRefused, ModelNotFound, ReputableError
from reputable.domain.models import ModelInfo, check_version

CHOICE = "active"
"""The file, beside the versions' folders, that names the active version and under it the one before."""
_MOST_LOADED = 4

_LOG = structlog.get_logger("reputable.models")


class FolderShelf:
    """The ModelShelf port on folders that hold one folder per version.

    `load` reads a version's folder, checks it and tests it on its golden claims, or raises
    ArtifactRefused; `describe` reads no more than its manifest. The choice is kept in the last of
    the folders, which must be writable for `activate` to outlast the process.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        load: Callable[[Path], Scorer],
        describe: Callable[[Path], ModelInfo],
        default: str,
    ) -> None:
        self._folders = tuple(folders)
        self._load = load
        self._describe = describe
        self._default = default
        self._loaded: dict[str, Scorer] = {}
        self._scoring = ""
        self._lock = Lock()
        self._choosing = Lock()
        chosen = self._read_choice()
        self._active = self.get(chosen[0] if chosen else default)
        self._scoring = self._active.version
        self._previous = chosen[1] if len(chosen) > 1 else ""

    @property
    def active(self) -> Scorer:
        """The one that scores now."""
        return self._active

    @property
    def previous(self) -> str:
        """The version that scored before; empty when there was none."""
        return self._previous

    def get(self, version: str) -> Scorer:
        """One of them; InvalidInput, ModelNotFound, ArtifactRefused.

        Reads files, and waits for one that is being read, only for a version that is not loaded.
        """
        held = self._loaded.get(version)
        if held is not None:
            return held
        folder = self._folder(check_version("model_version", version))
        with self._lock:
            return self._loaded.get(version) or self._load_from(folder)

    def _load_from(self, folder: Path) -> Scorer:
        scorer = self._load(folder)
        if scorer.version != folder.name:
            message = f"the folder {folder.name!r} holds the model {scorer.version!r}; name it after its version"
            raise ArtifactRefused(message)
        others = [version for version in self._loaded if version != self._scoring]
        for version in others[: max(0, len(self._loaded) + 1 - _MOST_LOADED)]:
            del self._loaded[version]
        self._loaded[scorer.version] = scorer
        return scorer

    def describe(self, version: str = "") -> ModelInfo:
        """What a version's manifest says; of the active one without a version."""
        return self._describe(self._folder(check_version("version", version or self._active.version)))

    def catalogue(self) -> list[ModelInfo]:
        """All models with a readable manifest, newest first."""
        found: dict[str, ModelInfo] = {}
        for folder in self._folders:
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                try:
                    found[path.name] = self.describe(path.name)
                except ReputableError:
                    continue
        return sorted(found.values(), key=lambda info: (-info.trained_at, info.version))

    def activate(self, version: str) -> str:
        """Load and test a model, then swap it in; the version before is returned.

        Raises InvalidInput, ModelNotFound and ArtifactRefused, and then the model before stays.
        """
        scorer = self.get(check_version("version", version))
        with self._choosing:
            before = self._active.version
            chosen = self._read_choice()
            if version != (chosen[0] if chosen else before):
                self._write_choice(version, before)
            self._swap(scorer, before)
        return before

    def follow_choice(self) -> str:
        """Activate what the choice file names by now; the version that scores is returned."""
        chosen = self._read_choice()
        if chosen and chosen[0] != self._active.version:
            scorer = self.get(chosen[0])
            with self._choosing:
                self._swap(scorer, chosen[1] if len(chosen) > 1 else "")
        return self._active.version

    def _swap(self, scorer: Scorer, before: str) -> None:
        """The only place where what scores changes: one assignment of one immutable object."""
        if scorer.version != self._active.version:
            self._active, self._previous, self._scoring = scorer, before, scorer.version
            _LOG.info("model_activated", version=scorer.version, previous=before)

    def _folder(self, version: str) -> Path:
        for folder in reversed(self._folders):
            path = folder / version
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue
            if stat.S_ISDIR(mode):
                return path
        message = f"no model has the version {version!r}; ListModels names those that there are"
        raise ModelNotFound(message)

    def _read_choice(self) -> list[str]:
        try:
            lines = (self._folders[-1] / CHOICE).read_text("utf-8").split()[:2]
        except (OSError, UnicodeDecodeError):
            return []
        return [check_version(CHOICE, line) for line in lines]

    def _write_choice(self, version: str, before: str) -> None:
        choice = self._folders[-1] / CHOICE
        draft = choice.with_name(f"{CHOICE}.{os.getpid()}.new")
        try:
            choice.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(f"{version}\n{before}\n", "utf-8")
            draft.replace(choice)
        except OSError as error:
            draft.unlink(missing_ok=True)
            message = (
                f"the choice of model cannot be kept in {choice.parent}: {error.strerror}; "
                "make it writable, or set REPUTABLE_MODELS_DIR to a folder that is"
            )
            raise ArtifactRefused(message) from error
