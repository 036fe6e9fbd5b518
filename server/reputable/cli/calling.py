"""A client for a command, and the rows of files as its messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import grpc
import stamina.instrumentation
from google.protobuf.timestamp_pb2 import Timestamp

from reputable.cli.exits import CommandError, Exit
from reputable.client import (
    Claim,
    Client,
    LevelCount,
    Retries,
    Scorecard,
    Source,
    SourceKind,
    Verdict,
    timestamp,
)
from reputable.domain import claims, sources, verdicts
from reputable.domain.times import Micros, to_datetime


@contextmanager
def client_of(server: str, attempts: int = 4) -> Iterator[Client]:
    """A client of the `--server` given, that retries in silence."""
    stamina.instrumentation.set_on_retry_hooks([])
    target, credentials = _target_of(server)
    with Client(target, credentials=credentials, retries=Retries(attempts=attempts)) as client:
        yield client


def _target_of(server: str) -> tuple[str, grpc.ChannelCredentials | None]:
    """The target and the credentials of `HOST:PORT` or `tls://HOST:PORT?ca=FILE&cert=FILE&key=FILE`."""
    if not server.startswith("tls://"):
        return server, None
    url = urlsplit(server)
    files = dict(parse_qsl(url.query))
    if files.keys() - {"ca", "cert", "key"} or ("cert" in files) != ("key" in files):
        raise CommandError("--server: write tls://HOST:PORT?ca=FILE&cert=FILE&key=FILE.", Exit.USAGE)
    ca, cert, key = (Path(files[name]).read_bytes() if name in files else None for name in ("ca", "cert", "key"))
    return url.netloc, grpc.ssl_channel_credentials(ca, key, cert)


def claim_message(claim: claims.Claim) -> Claim:
    """The claim on the wire."""
    message = Claim(
        text=claim.text,
        context=claim.context,
        topics=claim.topics,
        language=claim.language,
        via=claim.via,
        claim_time=None if claim.claimed_at is None else _time(claim.claimed_at),
    )
    if claim.source.id:
        message.source_id = claim.source.id
    else:
        message.source_name = claim.source.name
    return message


def verdict_message(verdict: verdicts.Verdict) -> Verdict:
    """The verdict on the wire."""
    message = Verdict(
        claim=claim_message(verdict.claim),
        reviewer=verdict.reviewer,
        review_time=_time(verdict.reviewed_at),
        label=verdict.label,
        url=verdict.url,
    )
    if verdict.truthfulness is None:
        message.unproven = True
    else:
        message.truthfulness = verdict.truthfulness
    return message


def scorecard_message(scorecard: verdicts.Scorecard) -> Scorecard:
    """The scorecard on the wire."""
    message = Scorecard(
        reviewer=scorecard.reviewer,
        period_start_time=_time(scorecard.period_start),
        period_end_time=_time(scorecard.period_end),
        level_counts=[
            LevelCount(truthfulness=level.truthfulness, claim_count=level.count) for level in scorecard.levels
        ],
        unproven_count=scorecard.unproven_count,
        url=scorecard.url,
    )
    if scorecard.source.id:
        message.source_id = scorecard.source.id
    else:
        message.source_name = scorecard.source.name
    return message


def source_message(source: sources.Source) -> Source:
    """The source on the wire."""
    return Source(
        source_id=source.id,
        display_name=source.name,
        kind=SourceKind.Value(f"SOURCE_KIND_{source.kind.name}"),
        aliases=source.aliases,
    )


def _time(moment: Micros) -> Timestamp:
    return timestamp(to_datetime(moment))
