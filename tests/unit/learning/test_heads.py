"""The heads learn what words say beside the prior of their day."""

import numpy as np

from reputable.domain.claims import Claim
from reputable.domain.sources import SourceKind, SourceReference
from reputable.domain.times import DAY
from reputable.domain.verdicts import Verdict
from reputable.learning.features import logit
from reputable.learning.heads import Heads, fit_heads
from reputable.learning.history import Example

COUNT = 400
SHARES = (0.8, 0.2)
"""Credible in the early half, and in the late one."""


def example(number: int) -> Example:
    """Early claims speak of bridges, late ones of viruses; "plainly" tells the credible ones of either half."""
    late = number >= COUNT // 2
    credible = number % 10 < 10 * SHARES[late]
    words = ["viruses" if late else "bridges", "plainly" if credible == (number % 3 > 0) else "reportedly"]
    claim = Claim(" ".join(words), SourceReference(id="someone"), claimed_at=number * DAY)
    return Example(str(number), "someone", SourceKind.PERSON, Verdict(claim, float(credible), "Desk", number * DAY))


def difference(heads: Heads, first: str, second: str) -> np.ndarray:
    """How much more either head makes of the first text."""
    one, other = heads.read([first, second])
    return np.asarray(one - other)


def test_no_word_is_credited_with_the_drift_of_the_rates() -> None:
    examples = [example(number) for number in range(COUNT)]
    priors = np.array([logit(SHARES[number >= COUNT // 2]) for number in range(COUNT)])
    alone, beside = fit_heads(examples, np.zeros(COUNT)), fit_heads(examples, priors)
    drift_alone, drift_beside = (difference(heads, "bridges", "viruses") for heads in (alone, beside))
    assert (drift_alone > 0).all()
    assert (np.abs(drift_beside) < 0.5 * drift_alone).all()
    told = difference(beside, "plainly", "reportedly")
    assert (told > 0.5 * difference(alone, "plainly", "reportedly")).all()
    assert (told > 0).all()


def test_the_heads_that_are_kept_read_words_alone() -> None:
    heads = fit_heads([example(number) for number in range(COUNT)], np.linspace(-1.0, 1.0, COUNT))
    rows = heads.words.transform(["bridges plainly"])
    assert heads.credible.n_features_in_ == heads.truth.n_features_in_ == rows.shape[1]
    assert heads.read(["bridges plainly"])[0, 0] == heads.credible.decision_function(rows)[0]
