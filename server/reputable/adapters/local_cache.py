"""The process's own cache of scores."""

from collections import OrderedDict

from reputable.domain.assessments import Score


class LruCache:
    """A bounded map from content key to score; the least recently used goes first. Loop thread only."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._scores: OrderedDict[bytes, Score] = OrderedDict()

    def __len__(self) -> int:
        """How many scores are held."""
        return len(self._scores)

    def get(self, key: bytes) -> Score | None:
        """The score under `key`."""
        score = self._scores.get(key)
        if score is not None:
            self._scores.move_to_end(key)
        return score

    def put(self, key: bytes, score: Score) -> None:
        """Keep a score."""
        self._scores[key] = score
        self._scores.move_to_end(key)
        if len(self._scores) > self._most:
            self._scores.popitem(last=False)
