"""Who may call what. A method that nobody placed is for administrators."""

from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Any

from reputable.api.interceptors import Context, principal_of
from reputable.domain.errors import PermissionRefused

EVERYBODY = "*"
Behaviour = Callable[[Any, Any], Awaitable[Any]]


class Role(IntEnum):
    """What a caller may do; each may do what those before it may."""

    READER = 0
    WRITER = 1
    ADMIN = 2


NEEDED = {
    "reputable.v1.CredibilityService.AssessClaim": Role.READER,
    "reputable.v1.CredibilityService.BatchAssessClaims": Role.READER,
    "reputable.v1.TrackRecordService.GetTrackRecord": Role.READER,
    "reputable.v1.TrackRecordService.ListVerdicts": Role.READER,
    "reputable.v1.TrackRecordService.RecordVerdict": Role.WRITER,
    "reputable.v1.TrackRecordService.BatchRecordVerdicts": Role.WRITER,
    "reputable.v1.TrackRecordService.RecordScorecard": Role.WRITER,
    "reputable.v1.TrackRecordService.RetractVerdict": Role.WRITER,
    "reputable.v1.TrackRecordService.RetractByReviewer": Role.ADMIN,
    "reputable.v1.TrackRecordService.SetReviewerStanding": Role.ADMIN,
    "reputable.v1.SourceService.GetSource": Role.READER,
    "reputable.v1.SourceService.ListSources": Role.READER,
    "reputable.v1.SourceService.ResolveSource": Role.READER,
    "reputable.v1.SourceService.CreateSource": Role.WRITER,
    "reputable.v1.SourceService.MergeSources": Role.ADMIN,
    "reputable.v1.ModelService.GetModel": Role.READER,
    "reputable.v1.ModelService.ListModels": Role.READER,
    "reputable.v1.ModelService.ActivateModel": Role.ADMIN,
}
"""The role that each method needs."""


class Authority:
    """Knows callers by the names in their certificates; `*` stands for everybody who is let in at all."""

    def __init__(self, writers: frozenset[str], admins: frozenset[str]) -> None:
        self._writers = writers
        self._admins = admins

    def role_of(self, principal: str) -> Role:
        """The role of a caller."""
        if not self._admins.isdisjoint({principal, EVERYBODY}):
            return Role.ADMIN
        return Role.READER if self._writers.isdisjoint({principal, EVERYBODY}) else Role.WRITER

    def guard(self, method: str, behaviour: Behaviour) -> Behaviour:
        """The method, refused with PermissionRefused to callers of a lesser role than it needs."""
        needed = NEEDED.get(method, Role.ADMIN)
        if needed is Role.READER:
            return behaviour

        async def guarded(request: Any, context: Context) -> Any:  # noqa: ANN401 - passed on.
            principal = principal_of(context)
            if self.role_of(principal) < needed:
                name, role = method.rpartition(".")[2], needed.name.lower()
                raise PermissionRefused(f"{principal!r} may not call {name}; it needs the role {role}")
            return await behaviour(request, context)

        return guarded


LOCAL_AUTHORITY = Authority(frozenset({EVERYBODY}), frozenset({EVERYBODY}))
"""Everybody may do everything: for callers that show no certificate."""


def names(text: str) -> frozenset[str]:
    """The names in a list separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
