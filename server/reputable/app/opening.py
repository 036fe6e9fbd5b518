"""Opens what the settings name: the models, certificates, traces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reputable import __version__
from reputable.api.server import Tls
from reputable.application.ports import MemoryBuilder, ModelShelf, PriorComputer
from reputable.settings import Settings, SettingsError

if TYPE_CHECKING:
    from reputable.adapters.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Learning:
    """What learning provides: the models that there are, what computes priors, what to call now and then
    to activate the model that was chosen elsewhere, and what builds verdict memories where they are wanted.
    """

    models: ModelShelf
    priors: PriorComputer
    follow: Callable[[], object] = lambda: None
    memory: MemoryBuilder | None = None


def read_tls(settings: Settings) -> Tls | None:
    """The certificates that are set; None for plaintext. Raises OSError."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    authority = settings.tls_client_ca
    return Tls(
        settings.tls_certificate.read_bytes(),
        settings.tls_key.read_bytes(),
        authority.read_bytes() if authority is not None else None,
    )


def load_tracing(settings: Settings) -> "Tracing | None":
    """What makes traces, where they are wanted. Raises SettingsError when the extra is not installed."""
    if settings.traces == "off":
        return None
    try:
        from reputable.adapters import tracing
    except ImportError as error:
        raise SettingsError("traces otlp is not installed: pip install 'reputable[tracing]'") from error
    return tracing.otlp(__version__)


def load_learning(settings: Settings) -> Learning:
    """The models on disk. Raises ArtifactRefused, ModelNotFound."""
    from reputable.adapters.model_shelf import FolderShelf
    from reputable.learning import artifact
    from reputable.learning.epochs import EpochComputer
    from reputable.learning.memory import VerdictMemories

    folders = [artifact.MODELS_FOLDER, *([settings.models_dir] if settings.models_dir is not None else [])]
    default = settings.model or artifact.DEFAULT_VERSION
    models = FolderShelf(folders, load=artifact.load, describe=artifact.describe, default=default)
    memory = VerdictMemories() if settings.verdict_memory == "on" else None
    return Learning(models, EpochComputer(), models.follow_choice, memory)
