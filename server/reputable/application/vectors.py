"""Sentence vectors by text: this process's own, Redis's, else computed off the event loop."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from reputable.application.ports import Embedder
from reputable.domain.digests import digest

MOST_HELD = 8_192
_CHUNK = 64
"""Texts that are embedded before the results are stored and others get their turn."""


class VectorCache(Protocol):
    """A shared cache of vectors by key; reaching it never fails."""

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The vectors under `keys`, in order; None for one that is not to be had at once."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Store in the background."""
        ...


class Vectors:
    """Computes no text's vector twice, in this process, which keeps at most `most`, or in any that shares the cache."""

    def __init__(self, embedder: Embedder, cache: VectorCache | None, most: int = MOST_HELD) -> None:
        self._embedder = embedder
        self._most = most
        self._cache = cache
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._computing: dict[str, asyncio.Task[dict[str, bytes]]] = {}
        self._thread = ThreadPoolExecutor(1, "embedder")

    async def of(self, texts: Sequence[str]) -> dict[str, bytes]:
        """The vector of each text."""
        wanted = list(dict.fromkeys(texts))
        found = {text: self._held[text] for text in wanted if text in self._held}
        for start in range(0, len(wanted), _CHUNK):
            missing = [text for text in wanted[start : start + _CHUNK] if text not in found]
            if missing:
                found.update(await self._look_up(missing))
        return found

    async def _look_up(self, texts: list[str]) -> dict[str, bytes]:
        """Wait for who computes them already, or begin; the work goes on without its first caller."""
        mine = [text for text in texts if text not in self._computing]
        if mine:
            task = asyncio.get_running_loop().create_task(self._make(mine))
            self._computing.update(dict.fromkeys(mine, task))
        found: dict[str, bytes] = {}
        for task in {self._computing[text] for text in texts}:
            found.update(await asyncio.shield(task))
        return {text: found[text] for text in texts}

    async def _make(self, texts: list[str]) -> dict[str, bytes]:
        try:
            found = await self._find(texts)
        finally:
            for text in texts:
                del self._computing[text]
        for text, vector in found.items():
            self._hold(text, vector)
        return found

    async def _find(self, texts: list[str]) -> dict[str, bytes]:
        keys = {text: digest("vector", self._embedder.name, text) for text in texts}
        found: dict[str, bytes] = {}
        if self._cache is not None:
            stored = await self._cache.get_many(list(keys.values()))
            found = {text: vector for text, vector in zip(texts, stored, strict=True) if vector}
        missing = [text for text in texts if text not in found]
        if missing:
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(self._thread, self._embedder.embed, missing)
            for text, vector in zip(missing, made, strict=True):
                found[text] = vector
                if self._cache is not None:
                    self._cache.put(keys[text], vector)
        return found

    def _hold(self, text: str, vector: bytes) -> None:
        self._held[text] = vector
        self._held.move_to_end(text)
        while len(self._held) > self._most:
            self._held.popitem(last=False)

    def close(self) -> None:
        """Let what is being computed end, and compute no more."""
        self._thread.shutdown(cancel_futures=True)
