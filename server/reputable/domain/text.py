"""What text may hold, and the one form of it that counts as the same."""

import re
import unicodedata
from functools import lru_cache

from reputable.domain.errors import InvalidInput

MAX_CLAIM_CHARACTERS = 10_000
MAX_NAME_CHARACTERS = 512

_SPACES_ALLOWED = frozenset("\t\n\r")
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


def canonical_text(text: str) -> str:
    """Unicode NFC with every run of white space as one space, trimmed; idempotent."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    return " ".join(unicodedata.normalize("NFC", text).split())


def check_text(field: str, text: str, most: int, *, least: int = 1) -> str:
    """Return the canonical text, or raise InvalidInput.

    `most` and `least` count characters after canonicalisation. Control characters other than tab
    and line breaks, and lone surrogates, are refused.
    """
    if not text.isprintable():
        _check_unprintable(field, text)
    result = canonical_text(text)
    if len(result) < least:
        raise InvalidInput(field, f"is empty; give {least} to {most:,} characters")
    if len(result) > most:
        raise InvalidInput(field, f"has {len(result):,} characters; at most {most:,} are taken")
    return result


def _check_unprintable(field: str, text: str) -> None:
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in _SPACES_ALLOWED):
            raise InvalidInput(field, f"holds the control character U+{ord(character):04X}; remove it")


def check_name(field: str, name: str, most: int = MAX_NAME_CHARACTERS) -> str:
    """Like `check_text`, and refuses invisible and direction-changing characters."""
    return _seen_name(field, name, most) if len(name) <= MAX_NAME_CHARACTERS else _checked_name(field, name, most)


def _checked_name(field: str, name: str, most: int) -> str:
    result = check_text(field, name, most)
    found = _IGNORABLE.search(result)
    if found is not None:
        code = f"U+{ord(found.group()):04X}"
        raise InvalidInput(field, f"holds the invisible or direction-changing character {code}; remove it")
    return result


_seen_name = lru_cache(maxsize=8_192)(_checked_name)
"""Of short names, which come again and again; a refusal is not kept."""


@lru_cache(maxsize=8_192)
def check_id(field: str, identifier: str) -> str:
    """Return the id, or raise InvalidInput when it is not [a-z0-9][a-z0-9._-]{0,127}."""
    if _ID.fullmatch(identifier) is None:
        raise InvalidInput(
            field,
            f"{identifier[:140]!r} is not an id; use 1 to 128 characters of a-z, 0-9, '.', '_', '-', "
            "starting with a letter or digit",
        )
    return identifier
