"""The one table of errors is complete."""

from collections.abc import Iterator

import grpc

from reputable.api.errors import STATUS
from reputable.domain.errors import ReputableError


def _below(kind: type[ReputableError]) -> Iterator[type[ReputableError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def _all() -> list[type[ReputableError]]:
    return [kind for kind in _below(ReputableError) if kind.__module__.startswith("reputable.")]


def test_every_error_of_the_domain_has_a_status_of_its_own() -> None:
    assert [kind.__name__ for kind in _all() if kind not in STATUS] == []


def test_only_the_base_means_an_internal_failure() -> None:
    assert [kind for kind, code in STATUS.items() if code is grpc.StatusCode.INTERNAL] == [ReputableError]


def test_reasons_are_upper_snake_and_unambiguous() -> None:
    reasons = [kind.reason for kind in _all()]
    assert all(reason.replace("_", "").isalpha() and reason.isupper() for reason in reasons)
    assert len(set(reasons)) == len(reasons)
