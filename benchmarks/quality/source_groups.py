"""Groups of sources that calibration is shown by: by what is known of them, by office, by where they spoke."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.data import LIAR
from benchmarks.quality.windows import Window
from reputable.domain.sources import derive_id

_JOB = 5
_SPEAKER = 4
_OFFICES = (
    ("president or candidate for it", ("president",)),
    ("U.S. Congress", ("u.s. senator", "u.s. representative", "congress", "speaker of the house")),
    ("governor or mayor", ("governor", "mayor")),
    ("state legislature", ("state rep", "state sen", "state ass", "state del", "delegate", "assembly")),
)
_OTHER_OFFICE, _UNKNOWN_OFFICE = "other office or profession", "no office known"
_PLACES = (
    ("social media", ("social", "tweet", "twitter", "facebook", "instagram", "post", "blog", "viral")),
    ("advertisement", ("ad", "ads", "advertisement", "mailer", "flier", "commercial")),
    ("debate", ("debate",)),
    ("speech", ("speech", "rally", "remarks", "address", "forum")),
    ("interview or broadcast", ("interview", "television", "tv", "radio", "show", "news", "cnn", "fox", "nbc")),
    ("press release or campaign", ("press", "release", "statement", "campaign", "email", "website")),
)


def offices(data: Path) -> dict[str, str]:
    """The office of each source that LIAR gives a job title for, by the source's id."""
    found: dict[str, str] = {}
    for split in ("train", "valid", "test"):
        for line in (data / LIAR / f"{split}.tsv").read_text("utf-8").splitlines():
            cells = line.split("\t")
            if len(cells) > _JOB and cells[_JOB].strip():
                found[derive_id(cells[_SPEAKER].replace("-", " "))] = _office(cells[_JOB].lower())
    return found


def _office(job: str) -> str:
    return next((name for name, words in _OFFICES if any(word in job for word in words)), _OTHER_OFFICE)


def office_of(window: Window, known: dict[str, str]) -> Sequence[str]:
    """The office of each claim's source; "" for crowds."""
    return [
        known.get(source, _UNKNOWN_OFFICE) if named else ""
        for source, named in zip(window.sources.tolist(), window.named.tolist(), strict=True)
    ]


def evidence_of(window: Window) -> Sequence[str]:
    """How many verdicts each claim's source had; crowds apart."""
    return [
        _evidence(count) if named else "crowd"
        for count, named in zip(window.evidence.tolist(), window.named.tolist(), strict=True)
    ]


def _evidence(count: float) -> str:
    limits = ((0, "no verdict"), (4, "1 to 4 verdicts"), (19, "5 to 19 verdicts"))
    return next((name for limit, name in limits if count <= limit), "20 verdicts or more")


def place_of(window: Window) -> Sequence[str]:
    """Where each claim of a named source was made."""
    return [
        _place(item.claim.context.lower()) if named else ""
        for item, named in zip(window.items, window.named.tolist(), strict=True)
    ]


def _place(context: str) -> str:
    words = set(context.replace(",", " ").replace("_", " ").split())
    return next((name for name, signs in _PLACES if words & set(signs)), "elsewhere" if context else "not given")
