"""The fitted scikit-learn estimators as skops bytes; never loaded by the service."""

from typing import Any

import skops.io

from reputable.learning.training import Trained

TRUSTED = ["reputable.learning.text.claim_ngrams", "reputable.learning.text.context_ngrams"]
"""The only things beyond scikit-learn and numpy that the bytes may name."""


def to_bytes(trained: Trained) -> bytes:
    """All estimators of a model."""
    heads = trained.heads
    return bytes(
        skops.io.dumps(
            {
                "words": heads.words,
                "credible": heads.credible,
                "truth": heads.truth,
                "context_words": heads.context_words,
                "context": heads.context,
                "stages": trained.stages,
            },
            compression=8,  # zipfile.ZIP_DEFLATED
        )
    )


def from_bytes(content: bytes) -> dict[str, Any]:
    """The estimators by name; call it on bytes whose digest was checked."""
    return dict(skops.io.loads(content, trusted=TRUSTED))
