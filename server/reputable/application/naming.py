"""Finds the chain that a recorded row belongs to, and registers sources that nobody registered."""

import hashlib

from reputable.application.directory import Directory
from reputable.application.ports import NameMatcher, Write
from reputable.application.writes import Chain, source_write
from reputable.domain.errors import SourceNotFound
from reputable.domain.sources import Source, SourceReference, derive_id


class Registration:
    """The sources that one call names; those unknown to the directory are to be registered by `writes`.

    Only an id or an exact name will do: a name that is merely similar to a known one is a new source.
    """

    def __init__(self, principal: str, directory: Directory, names: NameMatcher) -> None:
        self._principal = principal
        self._directory = directory
        self._names = names
        self._chains: dict[tuple[str, str], Chain] = {}
        self._taken: dict[str, str] = {}
        self.writes: list[Write] = []

    def chain(self, reference: SourceReference) -> Chain:
        """The chain for rows on a checked reference; SourceNotFound for an id that is not known."""
        key = reference.id, reference.name
        chain = self._chains.get(key)
        if chain is None:
            chain = self._chains[key] = self._find(reference)
        return chain

    def _find(self, reference: SourceReference) -> Chain:
        directory = self._directory
        known = directory.get(reference.id).id if reference.id else directory.named(reference.name)
        if known:
            return Chain(directory.root(known))
        name = self._names.canonical(reference.name)
        source_id = self._taken.get(name)
        if source_id is None:
            source_id = self._taken[name] = free_id(reference.name, name, directory)
            source = Source(source_id, reference.name)
            self.writes.append(source_write(self._principal, "", source, (name,)))
        return Chain(source_id, (name,))


def free_id(name: str, canonical: str, directory: Directory) -> str:
    """The id that derives from a name; with a digest of its canonical form where another source has that id."""
    derived = derive_id(name)
    try:
        directory.get(derived)
    except SourceNotFound:
        return derived
    return f"{derived}-{hashlib.blake2b(canonical.encode(), digest_size=4).hexdigest()}"
