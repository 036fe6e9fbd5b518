"""Answers that are ready to be sent again, but for the moment they are given at."""

from dataclasses import dataclass

from reputable.application.assessing import Assessor
from reputable.application.grounds import Grounds
from reputable.application.queries import AssessQuery
from reputable.domain.assessments import Assessment
from reputable.domain.times import Micros

MOST = 8_192
MAX_QUESTION_BYTES = 2_048
MAX_ANSWER_BYTES = 4_096
"""Larger questions and answers take the long way: what is kept stays under 50 MiB."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """An assessment's bytes without the fields of its moment."""

    grounds: Grounds
    fixed: bytes


class ReadyAnswers:
    """Bounded; the first to come is the first to go. Only what the local cache holds gets in."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor
        self._answers: dict[bytes, _Ready] = {}

    def find(self, question: bytes, now: Micros) -> bytes | None:
        """The fixed bytes of the answer to the question, which is a request's bytes, if it still stands."""
        ready = self._answers.get(question)
        if ready is None:
            return None
        if self._assessor.stands(ready.grounds, now):
            return ready.fixed
        del self._answers[question]
        return None

    def keep(self, question: bytes, query: AssessQuery, assessment: Assessment, fixed: bytes) -> None:
        """Keep an answer where it can be told cheaply whether it still stands."""
        if len(question) > MAX_QUESTION_BYTES or len(fixed) > MAX_ANSWER_BYTES:
            return
        grounds = self._assessor.grounds(query, assessment)
        if grounds is None:
            return
        self._answers[question] = _Ready(grounds, fixed)
        if len(self._answers) > MOST:
            del self._answers[next(iter(self._answers))]
