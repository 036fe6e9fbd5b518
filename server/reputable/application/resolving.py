"""Which source a caller means."""

from collections import OrderedDict

from reputable.application.directory import Directory
from reputable.application.ports import NameMatcher
from reputable.domain.sources import Candidate, Resolution, ResolutionMethod, SourceReference

MAX_CANDIDATES = 5
SIMILAR_FROM = 0.92
"""A similar name is taken for the source from this similarity on ..."""
MARGIN = 0.08
"""... when no other source's name comes nearer than this to it."""
_REMEMBERED = 10_000


class Resolver:
    """Resolves references against the directory: the id, the exact name or alias, a similar name.

    Similarity alone never decides between two sources: "Russian ministry of defence" and "British
    ministry of defence" are more alike than many abbreviations are to their full names.
    """

    def __init__(self, directory: Directory, names: NameMatcher) -> None:
        self._directory = directory
        self._names = names
        self._remembered: OrderedDict[tuple[str, str], Resolution] = OrderedDict()
        self._remembered_at = -1

    def resolve(self, reference: SourceReference, at_revision: int | None = None) -> Resolution:
        """What a checked reference means; SourceNotFound for an id that does not exist."""
        if at_revision is not None and at_revision < self._directory.revision:
            return self._resolve(reference, at_revision)
        if self._remembered_at != self._directory.revision:
            self._remembered.clear()
            self._remembered_at = self._directory.revision
        key = (reference.id, reference.name)
        found = self._remembered.get(key)
        if found is None:
            found = self._remembered[key] = self._resolve(reference, None)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def _resolve(self, reference: SourceReference, at_revision: int | None) -> Resolution:
        directory = self._directory
        if reference.id:
            directory.get(reference.id, at_revision)
            return self._found(reference.id, ResolutionMethod.ID, at_revision)
        source_id = directory.named(reference.name, at_revision)
        if source_id:
            return self._found(source_id, ResolutionMethod.NAME, at_revision)
        return self._unknown(reference.name, at_revision)

    def _found(self, source_id: str, method: ResolutionMethod, at_revision: int | None) -> Resolution:
        root = self._directory.root(source_id, at_revision)
        return Resolution(root, self._directory.get(root).name, method)

    def _unknown(self, name: str, at_revision: int | None) -> Resolution:
        directory = self._directory
        known = directory.keys()
        candidates: dict[str, Candidate] = {}
        for key, similarity in self._names.similar(self._names.canonical(name), known, 4 * MAX_CANDIDATES):
            held = [i for revision, i in known[key] if at_revision is None or revision <= at_revision]
            for source_id in held[:1]:
                root = directory.root(source_id, at_revision)
                candidates.setdefault(root, Candidate(root, directory.get(root).name, round(similarity, 4)))
        ranked = tuple(candidates.values())[:MAX_CANDIDATES]
        confusable = directory.confusable(name)
        if confusable and at_revision is not None and directory.get(confusable).revision > at_revision:
            confusable = ""
        if not confusable and _stands_out(ranked):
            return Resolution(ranked[0].source_id, ranked[0].name, ResolutionMethod.SIMILAR, ranked)
        return Resolution("", name, ResolutionMethod.NONE, ranked, confusable)


def _stands_out(ranked: tuple[Candidate, ...]) -> bool:
    if not ranked or ranked[0].similarity < SIMILAR_FROM:
        return False
    return len(ranked) == 1 or ranked[0].similarity - ranked[1].similarity >= MARGIN
