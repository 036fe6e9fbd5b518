"""Who may call what. A method that nobody placed is for administrators."""

from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Any

from reputable.api.interceptors import Context
from reputable.domain.errors import PermissionRefused

EVERYBODY = "*"
LOCAL_PRINCIPAL = "local"
"""Who calls where nobody shows a certificate."""
Behaviour = Callable[[Any, Any], Awaitable[Any]]
PrincipalOf = Callable[[Context], str]


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


def certified(context: Context) -> str:
    """Who calls: the name in the client's certificate, `local` without one."""
    names = context.auth_context().get("x509_common_name")
    return next(iter(names)).decode("utf-8", "replace") if names else LOCAL_PRINCIPAL


class Authority:
    """Knows callers by the names in their certificates; `*` stands for everybody who is let in at all."""

    def __init__(self, writers: frozenset[str], admins: frozenset[str], principal_of: PrincipalOf = certified) -> None:
        self.principal_of = principal_of
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
        if needed is Role.READER or self.role_of(EVERYBODY) >= needed:
            return behaviour

        async def guarded(request: Any, context: Context) -> Any:  # noqa: ANN401 - passed on.
            principal = self.principal_of(context)
            if self.role_of(principal) < needed:
                name, role = method.rpartition(".")[2], needed.name.lower()
                raise PermissionRefused(f"{principal!r} may not call {name}; it needs the role {role}")
            return await behaviour(request, context)

        return guarded


LOCAL_AUTHORITY = Authority(frozenset({EVERYBODY}), frozenset({EVERYBODY}), lambda _: LOCAL_PRINCIPAL)
"""Everybody may do everything: for callers that show no certificate."""


def names(text: str) -> frozenset[str]:
    """The names in a list separated by commas."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())
