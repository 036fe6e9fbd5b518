"""The rolling figures say how well credibilities agreed with outcomes."""

import random
from math import isnan, log

import pytest

from reputable.domain.honesty import FEWEST, RollingHonesty, stability_index


def filled(outcomes: list[tuple[float, bool]], size: int = 1_000) -> RollingHonesty:
    rolling = RollingHonesty(size)
    for credibility, credible in outcomes:
        rolling.add(credibility, credible=credible)
    return rolling


def test_brier_log_loss_and_calibration_are_means_over_the_window() -> None:
    figures = filled([(0.8, True), (0.6, False)]).figures()
    assert figures.count == 2
    assert figures.brier == pytest.approx((0.04 + 0.36) / 2)
    assert figures.log_loss == pytest.approx((-log(0.8) - log(0.4)) / 2)
    assert figures.calibration_error == pytest.approx(0.7 - 0.5)


def test_what_fell_out_of_the_window_counts_no_more() -> None:
    figures = filled([(0.0, True)] * 5 + [(1.0, True)] * 10, size=10).figures()
    assert figures.count == 10
    assert figures.brier == 0.0


def test_with_too_few_outcomes_a_figure_is_nan() -> None:
    assert isnan(RollingHonesty().figures().brier)
    assert isnan(filled([(0.5, True)] * (2 * FEWEST - 1)).figures().stability_index)


def test_a_certainty_that_was_wrong_costs_much_but_not_everything() -> None:
    assert 20.0 < filled([(0.0, True)]).figures().log_loss < 21.0


def test_a_sample_of_the_same_kind_is_stable_and_a_shifted_one_is_not() -> None:
    chance = random.Random(7)
    same = [[chance.betavariate(2, 3) for _ in range(500)] for _ in range(2)]
    shifted = [chance.betavariate(3, 2) for _ in range(500)]
    assert stability_index(*same) < 0.1
    assert stability_index(same[0], shifted) > 0.25


def test_equal_samples_have_a_stability_index_of_zero() -> None:
    values = [i / 200 for i in range(200)]
    assert stability_index(values, values) == pytest.approx(0.0)
