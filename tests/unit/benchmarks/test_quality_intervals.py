"""Widened intervals cover what they promise when sources are as believed, and less when the belief is too sure."""

import numpy as np
import pytest

from benchmarks.quality.intervals import Seen, _inside, as_honest, coverage


def sources(weight: float, count: int = 4000) -> list[Seen]:
    """Sources whose shares are Beta variables, with a few verdicts each."""
    chance = np.random.default_rng(11)
    found = []
    for _ in range(count):
        mean = chance.uniform(0.1, 0.9)
        a, b = mean * weight, (1 - mean) * weight
        n = int(chance.integers(5, 40))
        found.append(Seen((a, b), (a, b), int(chance.binomial(n, chance.beta(a, b))), n))
    return found


def test_right_beliefs_cover_nine_shares_in_ten() -> None:
    seen = sources(8.0)

    assert coverage([s.ours for s in seen], seen).covered == pytest.approx(0.90, abs=0.012)


def test_beliefs_that_are_too_sure_cover_fewer_and_are_narrower() -> None:
    seen = sources(8.0)
    sure = [(4 * a, 4 * b) for a, b in (s.ours for s in seen)]

    right, found = coverage([s.ours for s in seen], seen), coverage(sure, seen)

    assert found.covered < 0.85
    assert found.width < right.width
    assert found.width_of_share < right.width_of_share


def test_beliefs_that_are_too_sure_are_discounted_until_they_cover_as_much() -> None:
    seen = sources(8.0, 800)
    sure = [(4 * a, 4 * b) for a, b in (s.ours for s in seen)]

    assert as_honest(sure, seen, 0.90).covered == pytest.approx(0.90, abs=0.005)


def test_the_parts_that_lie_within_have_nine_tenths_of_the_probability() -> None:
    from scipy.stats import betabinom

    for count in (5, 12, 60):
        inside = _inside(1.3, 2.4, count)

        assert inside @ betabinom.pmf(np.arange(count + 1), count, 1.3, 2.4) == pytest.approx(0.90, abs=1e-9)
        assert ((inside >= 0) & (inside <= 1)).all()
