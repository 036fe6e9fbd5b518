"""The sources this process knows: who has which name, and who was merged into whom, as of a revision."""

from collections.abc import Iterable
from dataclasses import replace

from reputable.application.ports import NameMatcher, RegisteredSource
from reputable.domain.errors import SourceNotFound
from reputable.domain.sources import Source, SourceKind


class Directory:
    """An in-memory view of the ledger's SOURCE and MERGE rows.

    Every look-up takes `at_revision` (None: all that is known), so that an old assessment resolves
    its names as it did then.
    """

    def __init__(self, names: NameMatcher) -> None:
        self._names = names
        self._sources: dict[str, Source] = {}
        self._by_key: dict[str, list[tuple[int, str]]] = {}
        self._alias_revisions: dict[str, dict[str, int]] = {}
        self._kind_revisions: dict[str, int] = {}
        self._merged: dict[str, tuple[int, str]] = {}
        self._members: dict[str, list[str]] = {}
        self._skeletons: dict[str, str] | None = None
        self.revision = 0

    def __len__(self) -> int:
        """How many sources are registered, merged ones too."""
        return len(self._sources)

    def apply(self, rows: Iterable[RegisteredSource]) -> None:
        """Take in rows in the order of their revisions; rows seen before change nothing."""
        for row in rows:
            if row.revision <= self.revision:
                continue
            self.revision = row.revision
            if row.source.merged_into:
                self._merge(row.revision, row.source.id, row.source.merged_into)
            else:
                self._register(row.revision, row.source)

    def _register(self, revision: int, source: Source) -> None:
        known = self._sources.get(source.id)
        first = source if known is None else known
        if first.kind is SourceKind.UNSPECIFIED and source.kind is not SourceKind.UNSPECIFIED:
            first = replace(first, kind=source.kind)
            self._kind_revisions[source.id] = revision
        aliases = dict.fromkeys((*(() if known is None else known.aliases), *source.aliases))
        self._sources[source.id] = replace(
            first, aliases=tuple(aliases), revision=revision if known is None else known.revision
        )
        added = self._alias_revisions.setdefault(source.id, {})
        for name in (source.name, *source.aliases):
            added.setdefault(name, revision)
            holders = self._by_key.setdefault(self._names.canonical(name), [])
            if all(holder != source.id for _, holder in holders):
                holders.append((revision, source.id))
            if self._skeletons is not None:
                self._skeletons.setdefault(self._names.skeleton(name), source.id)

    def _merge(self, revision: int, source_id: str, into: str) -> None:
        self._merged[source_id] = (revision, into)
        self._members.setdefault(into, []).append(source_id)
        self._sources[source_id] = replace(self._sources[source_id], merged_into=into)

    def get(self, source_id: str, at_revision: int | None = None) -> Source:
        """The source with that id; SourceNotFound when the revision holds none."""
        source = self._sources.get(source_id)
        if source is None or (at_revision is not None and source.revision > at_revision):
            message = f"no source has the id {source_id!r}; ListSources names them, CreateSource adds one"
            raise SourceNotFound(message)
        if at_revision is not None and self._kind_revisions.get(source_id, 0) > at_revision:
            return replace(source, kind=SourceKind.UNSPECIFIED)
        return source

    def page(self, after: str, most: int) -> list[Source]:
        """At most `most` sources with ids after `after`, by id."""
        return [self._sources[i] for i in sorted(i for i in self._sources if i > after)[:most]]

    def named(self, name: str, at_revision: int | None = None) -> str:
        """The id of the source of that name or alias, after canonicalisation; empty without one."""
        for revision, source_id in self._by_key.get(self._names.canonical(name), ()):
            if at_revision is None or revision <= at_revision:
                return source_id
        return ""

    def root(self, source_id: str, at_revision: int | None = None) -> str:
        """The source that `source_id` stands for after merges."""
        while True:
            merge = self._merged.get(source_id)
            if merge is None or (at_revision is not None and merge[0] > at_revision):
                return source_id
            source_id = merge[1]

    def members(self, root: str, at_revision: int | None = None) -> tuple[str, ...]:
        """The ids that stand for `root`, itself first."""
        found = [root]
        for member in found:
            found += [
                other
                for other in self._members.get(member, ())
                if at_revision is None or self._merged[other][0] <= at_revision
            ]
        return tuple(found)

    def keys(self) -> dict[str, list[tuple[int, str]]]:
        """Canonical name to (revision, source id); read only."""
        return self._by_key

    def confusable(self, name: str) -> str:
        """The id of a known source whose name looks the same as this unknown one; empty without one."""
        if self._skeletons is None:
            self._skeletons = {}
            for source in self._sources.values():
                for known in (source.name, *source.aliases):
                    self._skeletons.setdefault(self._names.skeleton(known), source.id)
        return self._skeletons.get(self._names.skeleton(name), "")
