"""Sources and what names resolve to."""

from reputable.domain.errors import InvalidInput
from reputable.domain.sources import Candidate, Resolution, ResolutionMethod, Source, SourceKind
from reputable.v1 import sources_pb2

_KINDS = {
    SourceKind.UNSPECIFIED: sources_pb2.SOURCE_KIND_UNSPECIFIED,
    SourceKind.PERSON: sources_pb2.SOURCE_KIND_PERSON,
    SourceKind.GOVERNMENT_BODY: sources_pb2.SOURCE_KIND_GOVERNMENT_BODY,
    SourceKind.ORGANISATION: sources_pb2.SOURCE_KIND_ORGANISATION,
    SourceKind.PUBLICATION: sources_pb2.SOURCE_KIND_PUBLICATION,
    SourceKind.ACCOUNT: sources_pb2.SOURCE_KIND_ACCOUNT,
    SourceKind.COLLECTIVE: sources_pb2.SOURCE_KIND_COLLECTIVE,
}
_KIND_OF_NUMBER = {number: kind for kind, number in _KINDS.items()}
_METHODS = {
    ResolutionMethod.ID: sources_pb2.RESOLUTION_METHOD_ID,
    ResolutionMethod.NAME: sources_pb2.RESOLUTION_METHOD_NAME,
    ResolutionMethod.SIMILAR: sources_pb2.RESOLUTION_METHOD_SIMILAR,
    ResolutionMethod.NONE: sources_pb2.RESOLUTION_METHOD_NONE,
}


def decode_source(message: sources_pb2.Source) -> Source:
    """The source as sent; `Source.checked` judges what it holds."""
    kind = _KIND_OF_NUMBER.get(message.kind)
    if kind is None:
        raise InvalidInput("source.kind", f"{message.kind} is not a kind; see SourceKind")
    return Source(id=message.source_id, name=message.display_name, kind=kind, aliases=tuple(message.aliases))


def encode_source(source: Source) -> sources_pb2.Source:
    """The message of a source."""
    return sources_pb2.Source(
        source_id=source.id,
        display_name=source.name,
        kind=_KINDS[source.kind],
        aliases=source.aliases,
        merged_into=source.merged_into,
        create_revision=source.revision,
    )


def encode_resolution(resolution: Resolution) -> sources_pb2.Resolution:
    """The message of a resolution."""
    return sources_pb2.Resolution(
        source_id=resolution.source_id,
        display_name=resolution.name,
        method=_METHODS[resolution.method],
        candidates=map(_encode_candidate, resolution.candidates),
        confusable_with=resolution.confusable_with,
    )


def _encode_candidate(candidate: Candidate) -> sources_pb2.SourceCandidate:
    return sources_pb2.SourceCandidate(
        source_id=candidate.source_id, display_name=candidate.name, similarity=candidate.similarity
    )
