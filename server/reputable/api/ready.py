"""Answers that are ready to be sent again, but for the moment they are given at."""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Generic, TypeVar

from reputable.application.assessing import Assessor
from reputable.application.grounds import Grounds
from reputable.application.queries import AssessQuery
from reputable.domain.assessments import Assessment
from reputable.domain.times import Micros

MOST = 8_192
MAX_QUESTION_BYTES = 2_048
MAX_ANSWER_BYTES = 4_096
"""Larger questions and answers take the long way: what is kept stays under 50 MiB."""

T = TypeVar("T", bound=Sized)


@dataclass(slots=True)
class _Ready(Generic[T]):
    grounds: Grounds
    answer: T


class ReadyAnswers(Generic[T]):
    """By question. Bounded; the first to come is the first to go. Only what the local cache holds gets in."""

    def __init__(self, assessor: Assessor) -> None:
        self._assessor = assessor
        self._answers: dict[bytes, _Ready[T]] = {}

    def __contains__(self, question: bytes) -> bool:
        """Whether there was an answer to the question, which may not stand any more."""
        return question in self._answers

    def find(self, question: bytes, now: Micros) -> T | None:
        """The answer to the question, which is a request's bytes, if it still stands."""
        ready = self._answers.get(question)
        if ready is None:
            return None
        if self._assessor.stands(ready.grounds, now):
            return ready.answer
        del self._answers[question]
        return None

    def keep(self, question: bytes, query: AssessQuery, assessment: Assessment, answer: T) -> None:
        """Keep an answer where it can be told cheaply whether it still stands."""
        if len(question) > MAX_QUESTION_BYTES or len(answer) > MAX_ANSWER_BYTES:
            return
        grounds = self._assessor.grounds(query, assessment)
        if grounds is None:
            return
        self._answers[question] = _Ready(grounds, answer)
        if len(self._answers) > MOST:
            del self._answers[next(iter(self._answers))]
