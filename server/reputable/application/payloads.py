"""The content of the ledger's rows as JSON, and back.

A payload holds all that its row says, so that findings, records and digests can be computed from
the rows alone. The order of the members is fixed; optional ones are left out while empty.
"""

import json
import json.encoder
from collections.abc import Iterable
from typing import Any

from reputable.domain.claims import Claim
from reputable.domain.entries import EntryKind
from reputable.domain.epochs import PriorEpoch, Recalibration
from reputable.domain.findings import Finding, of_scorecard, of_verdict
from reputable.domain.sources import Source, SourceKind, SourceReference
from reputable.domain.times import Micros
from reputable.domain.verdicts import Level, Scorecard, Standing, Verdict

Fields = dict[str, Any]

_quote = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def verdict_core(verdict: Verdict) -> str:
    """A checked verdict without its time of review."""
    claim, source = verdict.claim, verdict.claim.source
    finding = "null" if verdict.truthfulness is None else repr(float(verdict.truthfulness))
    members = [f'"text":{_quote(claim.text)},"truthfulness":{finding},"reviewer":{_quote(verdict.reviewer)}']
    members.append(f'"source_id":{_quote(source.id)}' if source.id else f'"source_name":{_quote(source.name)}')
    if claim.claimed_at is not None:
        members.append(f'"claimed_at":{claim.claimed_at}')
    if claim.context:
        members.append(f'"context":{_quote(claim.context)}')
    if claim.topics:
        members.append(f'"topics":[{",".join(map(_quote, claim.topics))}]')
    if claim.language:
        members.append(f'"language":{_quote(claim.language)}')
    if claim.via:
        members.append(f'"via":[{",".join(map(_quote, claim.via))}]')
    if verdict.label:
        members.append(f'"label":{_quote(verdict.label)}')
    if verdict.url:
        members.append(f'"url":{_quote(verdict.url)}')
    return f"{{{','.join(members)}}}"


def scorecard_core(scorecard: Scorecard) -> str:
    """A checked scorecard without the end of its period."""
    fields: Fields = {
        "reviewer": scorecard.reviewer,
        "period_start": scorecard.period_start,
        "levels": [(float(level.truthfulness), level.count) for level in scorecard.levels],
        "unproven_count": scorecard.unproven_count,
    }
    _put_reference(fields, scorecard.source)
    _put_given(fields, (("url", scorecard.url or None),))
    return _encode(fields)


def timed(at: Micros, core: str) -> bytes:
    """The payload of a verdict or scorecard that counts from `at`."""
    return f'{{"at":{at},{core[1:]}'.encode()


def retraction_payload(revision: int, reason: str, withdrawn: int = 0) -> bytes:
    """`withdrawn` counts what the request took back in all; it stands in the first row of such a request."""
    fields: Fields = {"retracts": revision, "reason": reason}
    _put_given(fields, (("withdrawn", withdrawn or None),))
    return _encode(fields).encode()


def source_payload(source: Source, names: Iterable[str]) -> bytes:
    """A source with the canonical names it claims."""
    fields: Fields = {"id": source.id, "name": source.name, "kind": source.kind.value, "names": list(names)}
    _put_given(fields, (("aliases", source.aliases or None),))
    return _encode(fields).encode()


def merge_payload(source_id: str, into: str) -> bytes:
    """That `source_id` is `into`."""
    return _encode({"id": source_id, "into": into}).encode()


def standing_payload(reviewer: str, standing: Standing) -> bytes:
    """That `reviewer` has `standing`."""
    return _encode({"reviewer": reviewer, "standing": standing.value}).encode()


def epoch_payload(epoch: PriorEpoch) -> bytes:
    """All of an epoch but the revision of its row."""
    fields: Fields = {
        "number": epoch.number,
        "start": epoch.start,
        "revision": epoch.revision,
        "base_rate": epoch.base_rate,
        "recent_rate": epoch.recent_rate,
        "collective_rate": epoch.collective_rate,
        "context_rates": dict(epoch.context_rates),
        "recalibrations": {
            version: {form: (r.intercept, r.slope) for form, r in forms.items()}
            for version, forms in epoch.recalibrations.items()
        },
        "memory_digest": epoch.memory_digest.hex(),
        "extra": dict(epoch.extra),
    }
    return _encode(fields).encode()


def parse(payload: bytes) -> Fields:
    """The members of a payload; ValueError when it is not a JSON object."""
    fields = json.loads(payload)
    if not isinstance(fields, dict):
        message = "a payload must be a JSON object"
        raise ValueError(message)  # noqa: TRY004 - Damaged content, not a wrong type of argument.
    return fields


def parse_verdict(payload: bytes) -> Verdict:
    """The verdict of a VERDICT row."""
    fields = parse(payload)
    claim = Claim(
        text=fields["text"],
        source=_reference(fields),
        claimed_at=fields.get("claimed_at"),
        context=fields.get("context", ""),
        topics=tuple(fields.get("topics", ())),
        language=fields.get("language", ""),
        via=tuple(fields.get("via", ())),
    )
    return Verdict(
        claim=claim,
        truthfulness=fields["truthfulness"],
        reviewer=fields["reviewer"],
        reviewed_at=fields["at"],
        label=fields.get("label", ""),
        url=fields.get("url", ""),
    )


def parse_scorecard(payload: bytes) -> Scorecard:
    """The scorecard of a SCORECARD row."""
    fields = parse(payload)
    return Scorecard(
        source=_reference(fields),
        reviewer=fields["reviewer"],
        period_start=fields["period_start"],
        period_end=fields["at"],
        levels=tuple(Level(float(truthfulness), count) for truthfulness, count in fields["levels"]),
        unproven_count=fields["unproven_count"],
        url=fields.get("url", ""),
    )


def parse_source(payload: bytes) -> tuple[Source, tuple[str, ...]]:
    """The source of a SOURCE row and the canonical names it claims."""
    fields = parse(payload)
    source = Source(fields["id"], fields["name"], SourceKind(fields["kind"]), tuple(fields.get("aliases", ())))
    return source, tuple(fields["names"])


def parse_merge(payload: bytes) -> tuple[str, str]:
    """(source id, id it was merged into) of a MERGE row."""
    fields = parse(payload)
    return fields["id"], fields["into"]


def parse_standing(payload: bytes) -> tuple[str, Standing]:
    """(reviewer, standing) of a STANDING row."""
    fields = parse(payload)
    return fields["reviewer"], Standing(fields["standing"])


def parse_epoch(payload: bytes, held_from: int) -> PriorEpoch:
    """The epoch of the EPOCH row at revision `held_from`."""
    fields = parse(payload)
    return PriorEpoch(
        number=fields["number"],
        start=fields["start"],
        revision=fields["revision"],
        held_from=held_from,
        base_rate=fields["base_rate"],
        recent_rate=fields["recent_rate"],
        collective_rate=fields["collective_rate"],
        context_rates={name: (rate[0], rate[1]) for name, rate in fields["context_rates"].items()},
        recalibrations={
            version: {form: Recalibration(*pair) for form, pair in forms.items()}
            for version, forms in fields["recalibrations"].items()
        },
        memory_digest=bytes.fromhex(fields["memory_digest"]),
        extra=fields["extra"],
    )


def parse_finding(kind: EntryKind, payload: bytes, revision: int) -> Finding | None:
    """The finding of a VERDICT or SCORECARD row; None for other rows."""
    if kind is EntryKind.VERDICT:
        return of_verdict(parse_verdict(payload), revision)
    if kind is EntryKind.SCORECARD:
        return of_scorecard(parse_scorecard(payload), revision)
    return None


def _put_reference(fields: Fields, reference: SourceReference) -> None:
    if reference.id:
        fields["source_id"] = reference.id
    else:
        fields["source_name"] = reference.name


def _reference(fields: Fields) -> SourceReference:
    return SourceReference(id=fields.get("source_id", ""), name=fields.get("source_name", ""))


def _put_given(fields: Fields, optional: Iterable[tuple[str, object]]) -> None:
    fields.update((name, value) for name, value in optional if value is not None)
