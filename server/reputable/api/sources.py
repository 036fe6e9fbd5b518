"""Knows who speaks."""

from reputable.api.authority import PrincipalOf
from reputable.api.conversion.claims import decode_revision
from reputable.api.conversion.pages import (
    bad_page_token,
    decode_page_size,
    decode_page_token,
    encode_page_token,
    fitting,
)
from reputable.api.conversion.sources import decode_source, encode_resolution, encode_source
from reputable.api.interceptors import Context
from reputable.application.finding_sources import SourceFinder
from reputable.application.recording import Recorder
from reputable.domain.errors import InvalidInput
from reputable.domain.text import check_id
from reputable.v1 import sources_pb2 as pb
from reputable.v1.sources_pb2_grpc import SourceServiceServicer


class SourceServicer(SourceServiceServicer):
    """Decodes, asks the finder or the recorder, encodes."""

    def __init__(self, finder: SourceFinder, recorder: Recorder, principal_of: PrincipalOf) -> None:
        self._principal_of = principal_of
        self._finder = finder
        self._recorder = recorder

    async def CreateSource(self, request: pb.CreateSourceRequest, context: Context) -> pb.CreateSourceResponse:
        """Register a source, or add aliases to one."""
        source, recorded = await self._recorder.create_source(
            self._principal_of(context), decode_source(request.source), request.request_id
        )
        return pb.CreateSourceResponse(
            source=encode_source(source), duplicate=recorded.duplicate, freshness_token=recorded.token.encode()
        )

    async def GetSource(self, request: pb.GetSourceRequest, context: Context) -> pb.GetSourceResponse:
        """One source."""
        source = await self._finder.get(check_id("source_id", request.source_id))
        return pb.GetSourceResponse(source=encode_source(source))

    async def ListSources(self, request: pb.ListSourcesRequest, context: Context) -> pb.ListSourcesResponse:
        """One page of sources by id."""
        most, after = decode_page_size(request.page_size), _decode_token(request.page_token)
        sources = await self._finder.page(after, most + 1)
        page = fitting(map(encode_source, sources[:most]))
        return pb.ListSourcesResponse(
            sources=page, next_page_token=encode_page_token(page[-1].source_id) if len(sources) > len(page) else ""
        )

    async def ResolveSource(self, request: pb.ResolveSourceRequest, context: Context) -> pb.ResolveSourceResponse:
        """What a name as written resolves to."""
        at_revision = decode_revision("at_revision", request.at_revision) if request.HasField("at_revision") else None
        resolution = await self._finder.resolve(request.name, at_revision)
        return pb.ResolveSourceResponse(resolution=encode_resolution(resolution))

    async def MergeSources(self, request: pb.MergeSourcesRequest, context: Context) -> pb.MergeSourcesResponse:
        """Declare two ids to be one source."""
        source, recorded = await self._recorder.merge_sources(
            self._principal_of(context), request.from_source_id, request.into_source_id, request.request_id
        )
        return pb.MergeSourcesResponse(
            source=encode_source(source),
            revision=recorded.revision,
            duplicate=recorded.duplicate,
            freshness_token=recorded.token.encode(),
        )


def _decode_token(token: str) -> str:
    after = decode_page_token(token)
    try:
        return check_id("page_token", after) if after else ""
    except InvalidInput as error:
        raise bad_page_token() from error
