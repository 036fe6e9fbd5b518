"""What was said."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from reputable.domain.digests import DIGEST_SIZE, digest, encode_parts
from reputable.domain.errors import InvalidInput
from reputable.domain.sources import SourceReference
from reputable.domain.text import MAX_CLAIM_CHARACTERS, check_id, check_name, check_text
from reputable.domain.times import EARLIEST, FUTURE_TOLERANCE, LATEST, Micros, format_time

MAX_CONTEXT_CHARACTERS = 256
MAX_TOPICS = 16
MAX_TOPIC_CHARACTERS = 64
MAX_LANGUAGE_CHARACTERS = 35
MAX_VIA = 16

_REMEMBERED = 1_024
"""Contexts, topics, languages and names whose canonical form is kept: claims share most of them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim; empty optional fields mean "not known" and move no score by themselves."""

    text: str
    source: SourceReference
    claimed_at: Micros | None = None
    context: str = ""
    topics: tuple[str, ...] = ()
    language: str = ""
    via: tuple[str, ...] = ()

    def checked(self, now: Micros) -> "Claim":
        """Return the claim in canonical form, itself where it is so already; InvalidInput naming the field."""
        if len(self.topics) > MAX_TOPICS:
            raise InvalidInput("claim.topics", f"has {len(self.topics)} entries; at most {MAX_TOPICS} are taken")
        if len(self.via) > MAX_VIA:
            raise InvalidInput("claim.via", f"has {len(self.via)} entries; at most {MAX_VIA} are taken")
        if self.claimed_at is not None:
            check_time("claim.claim_time", self.claimed_at, now)
        text = check_text("claim.text", self.text, MAX_CLAIM_CHARACTERS)
        source = check_reference("claim.", self.source)
        context = _context(self.context) if self.context else ""
        language = _language(self.language) if self.language else ""
        topics = tuple(sorted(set(map(_topic, self.topics)))) if self.topics else ()
        via = tuple(map(_via, self.via)) if self.via else ()
        found = (text, source, context, topics, language, via)
        if found == (self.text, self.source, self.context, self.topics, self.language, self.via):
            return self
        return Claim(text, source, self.claimed_at, context, topics, language, via)

    def encoded(self) -> bytes:
        """Everything about the checked claim but who said it; distinct claims give distinct bytes."""
        return encode_parts((
            "claim", self.text, self.claimed_at, self.context, self.language,
            len(self.topics), *self.topics, *self.via,
        ))  # fmt: skip

    def form(self) -> bytes:
        """Digest, 32 bytes, of `encoded`."""
        return hashlib.blake2b(self.encoded(), digest_size=DIGEST_SIZE).digest()

    def key(self) -> bytes:
        """Digest, 16 bytes, by which two checked claims of one source count as the same claim."""
        return digest("claim-key", self.text.casefold(), size=16)


def check_reference(prefix: str, reference: SourceReference) -> SourceReference:
    """Return the reference in canonical form, or raise InvalidInput."""
    if reference.id:
        identifier = check_id(f"{prefix}source_id", reference.id)
        return SourceReference(id=identifier) if reference.name else reference
    if not reference.name.strip():
        raise InvalidInput(f"{prefix}source_name", "is missing; give source_id, or source_name as written")
    name = check_name(f"{prefix}source_name", reference.name)
    return reference if name == reference.name else SourceReference(name=name)


def check_time(field: str, moment: Micros, now: Micros) -> None:
    """Raise InvalidInput when a caller's time lies more than 5 minutes ahead or out of range."""
    if not EARLIEST <= moment <= LATEST:
        raise InvalidInput(field, "is out of range; give a time in the years 1 to 9999")
    if moment > now + FUTURE_TOLERANCE:
        raise InvalidInput(field, f"{format_time(moment)} lies more than 5 minutes ahead of {format_time(now)}")


def _optional(field: str, text: str, most: int) -> str:
    return check_text(field, text, most) if text.strip() else ""


def _remembering(canonical: Callable[[str], str]) -> Callable[[str], str]:
    """The function with its latest results kept, those for long texts apart; a refusal is not kept."""
    remembered = lru_cache(maxsize=_REMEMBERED)(canonical)
    return lambda text: remembered(text) if len(text) <= MAX_CONTEXT_CHARACTERS else canonical(text)


_context = _remembering(lambda text: _optional("claim.context", text, MAX_CONTEXT_CHARACTERS))
_topic = _remembering(lambda text: check_text("claim.topics", text, MAX_TOPIC_CHARACTERS).casefold())
_language = _remembering(lambda text: _optional("claim.language", text, MAX_LANGUAGE_CHARACTERS).lower())
_via = _remembering(lambda text: check_name("claim.via", text))
