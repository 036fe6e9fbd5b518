"""Names by the letters' own lore: host names (UTS 46), look-alikes (UTS 39), similarity (rapidfuzz)."""

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import islice

import idna
from publicsuffixlist import PublicSuffixList
from rapidfuzz import fuzz

from reputable.domain.sources import name_key

_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_MOST_COMPARED = 1_000
_AFFIX = 4
_WORTH_SHOWING = 0.60


class LetterLore:
    """The NameMatcher port on idna, publicsuffixlist, confusable-homoglyphs and rapidfuzz."""

    def __init__(self) -> None:
        self._indexed = 0
        self._index: dict[str, list[str]] = {}

    def canonical(self, name: str) -> str:
        """`name_key` of the name, or of its registered form where it is a host name; idempotent."""
        return name_key(_host(name) or name)

    def similar(self, key: str, known: Mapping[str, object], most: int) -> list[tuple[str, float]]:
        """The `most` keys of `known` that are most similar to `key`, best first, in [0, 1].

        Compared are at most 1,000 keys that share the beginning or the end of a rare word with
        `key`. Names whose numbers differ are never similar ("Channel 4", "Channel 5").
        `known` may grow between calls and must keep its order.
        """
        self._take_in(known)
        scored = [(name, _similarity(key, name) / 100.0) for name in self._near(key)]
        best = sorted((pair for pair in scored if pair[1] >= _WORTH_SHOWING), key=lambda pair: (-pair[1], pair[0]))
        return best[:most]

    def _take_in(self, known: Mapping[str, object]) -> None:
        for name in islice(known, self._indexed, None):
            for affix in _affixes(name):
                self._index.setdefault(affix, []).append(name)
        self._indexed = len(known)

    def _near(self, key: str) -> list[str]:
        near: dict[str, None] = {}
        for affix in sorted(_affixes(key), key=lambda a: len(self._index.get(a, ()))):
            near.update(dict.fromkeys(islice(self._index.get(affix, ()), _MOST_COMPARED - len(near))))
            if len(near) >= _MOST_COMPARED:
                break
        numbers = _numbers(key)
        return [name for name in near if _numbers(name) == numbers]

    def skeleton(self, name: str) -> str:
        """Equal for names that look the same, in any letters and in either case (UTS 39, section 4)."""
        look = unicodedata.normalize("NFD", name).translate(self._looks).casefold()
        return unicodedata.normalize("NFD", look).translate(self._looks)

    @cached_property
    def _looks(self) -> dict[int, str]:
        """For each letter that has one, the letters it looks like."""
        data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
        looks = {}
        for letter, others in data.items():
            if len(letter) == 1 and len(others) == 1:
                other = others[0]["c"].strip("\u200e")
                mutual = len(data.get(other, ())) == 1
                looks[ord(letter)] = min(letter, other) if mutual else other
        return looks


def _similarity(left: str, right: str) -> float:
    """In [0, 100]; a name that is a part of another ("Gladkov") is a candidate at 85, never the same."""
    return max(fuzz.ratio(left, right), fuzz.token_sort_ratio(left, right), 0.85 * fuzz.token_set_ratio(left, right))


def _affixes(key: str) -> set[str]:
    return {affix for word in key.split() for affix in ("^" + word[:_AFFIX], word[-_AFFIX:] + "$")}


def _numbers(key: str) -> frozenset[str]:
    return frozenset(word for word in key.split() if any(map(str.isdigit, word)))


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def _host(name: str) -> str:
    """The registered form of a host name, empty for any other name."""
    name = name.strip()
    if _DOTS.search(name) is None or re.search(r"\s", name):
        return ""
    try:
        host = idna.encode(name.rstrip(".\u3002\uff0e\uff61"), uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""
    if _suffixes().publicsuffix(host) is None:
        return ""
    return host.removeprefix("www.") if host.count(".") > 1 else host
