"""Who speaks."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from reputable.domain.enums import Names
from reputable.domain.errors import InvalidInput
from reputable.domain.text import check_id, check_name

MAX_ALIASES = 64


class SourceKind(Names):
    """What a source is."""

    UNSPECIFIED = "unspecified"
    PERSON = "person"
    GOVERNMENT_BODY = "government_body"
    ORGANISATION = "organisation"
    PUBLICATION = "publication"
    ACCOUNT = "account"
    COLLECTIVE = "collective"


@dataclass(frozen=True, slots=True)
class Source:
    """A source as registered; `merged_into` is empty while it stands for itself."""

    id: str
    name: str
    kind: SourceKind = SourceKind.UNSPECIFIED
    aliases: tuple[str, ...] = ()
    merged_into: str = ""
    revision: int = 0

    def checked(self) -> "Source":
        """Return the source with canonical names, or raise InvalidInput."""
        if len(self.aliases) > MAX_ALIASES:
            raise InvalidInput("source.aliases", f"at most {MAX_ALIASES} aliases are taken")
        name = check_name("source.display_name", self.name)
        return Source(
            id=check_id("source.source_id", self.id) if self.id else derive_id(name),
            name=name,
            kind=self.kind,
            aliases=tuple(dict.fromkeys(check_name("source.aliases", a) for a in self.aliases)),
        )


@dataclass(frozen=True, slots=True)
class SourceReference:
    """A source as a caller names it: an id, or a name as written (never both, never neither)."""

    id: str = ""
    name: str = ""


class ResolutionMethod(Names):
    """How a reference was resolved."""

    ID = "id"
    NAME = "name"
    SIMILAR = "similar"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source that a name may mean; `similarity` in [0, 1]."""

    source_id: str
    name: str
    similarity: float


class Resolution(NamedTuple):
    """What a reference resolved to; `source_id` is empty when the source counts as unknown."""

    source_id: str
    name: str
    method: ResolutionMethod
    candidates: tuple[Candidate, ...] = ()
    confusable_with: str = ""


_NOT_ID = re.compile(r"[^a-z0-9]+")


def name_key(name: str) -> str:
    """The form under which two names count as the same: NFKC, case-folded, without punctuation.

    Idempotent. Names of one script never meet those of another; marks and symbols stay, as names
    may differ in nothing else. A name of nothing but punctuation keeps it.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    words = "".join(" " if unicodedata.category(letter)[0] in "PZC" else letter for letter in folded)
    return " ".join(words.split()) or " ".join(folded.split())


def derive_id(name: str) -> str:
    """An id for a name: its ASCII words, with eight hexadecimal digits wherever that loses letters."""
    key = name_key(name)
    slug = _NOT_ID.sub("-", key).strip("-")[:100].strip("-")
    if slug and slug == key.replace(" ", "-"):
        return slug
    suffix = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{slug}-{suffix}" if slug else f"source-{suffix}"
