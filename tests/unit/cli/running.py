"""The whole service in a thread, with a scorer that needs no words, for the commands to talk to."""

from collections.abc import Iterator
from contextlib import contextmanager

from reputable.app import Learning, build
from reputable.application.ports import Scorer
from reputable.domain.epochs import PriorEpoch
from reputable.domain.times import Micros
from reputable.settings import load
from tests.builders import OneModel, ShareScorer
from tests.loop_thread import LoopThread


class SteadyPriors:
    """Priors that never move."""

    def genesis(self, scorer: Scorer) -> PriorEpoch:
        """A base rate of one half."""
        return PriorEpoch(number=0)

    def compute(self, *, number: int, start: Micros, revision: int, **_: object) -> PriorEpoch:
        """The same again."""
        return PriorEpoch(number=number, start=start, revision=revision)


@contextmanager
def service(ledger_url: str, **given: object) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1; yields `host:port`."""
    settings, _ = load(
        {},
        address="127.0.0.1:0",
        metrics_address="off",
        redis_url="off",
        ledger_url=ledger_url,
        log_calls="none",
        **given,
    )
    app = build(settings, Learning(OneModel(ShareScorer()), SteadyPriors()))
    with LoopThread() as loop:
        try:
            loop.run(app.start(), 30)
            yield f"127.0.0.1:{app.port}"
        finally:
            loop.run(app.stop(), 30)
