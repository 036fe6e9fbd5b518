"""Calibration errors are judged beside what chance alone makes."""

import numpy as np
import pytest

from reputable.learning.scoring_rules import auc, brier, calibration_error, log_loss, summary
from reputable.reporting.calibration import calibration_limit, equal_mass_bins, simulated_errors


def claims(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and outcomes drawn from them."""
    chance = np.random.default_rng(seed)
    p = chance.beta(2, 3, count)
    return p, chance.random(count) < p


def test_a_simulated_error_is_the_calibration_error_of_outcomes_drawn_from_the_predictions() -> None:
    p, _ = claims(700)
    chance = np.random.default_rng(5)
    drawn = [calibration_error(p, chance.random(len(p)) < p) for _ in range(400)]

    errors = simulated_errors(p)

    assert errors.shape == (2000,)
    assert errors.mean() == pytest.approx(np.mean(drawn), rel=0.03)
    assert np.quantile(errors, 0.95) == pytest.approx(np.quantile(drawn, 0.95), rel=0.08)


def test_calibrated_predictions_pass_the_limit_as_often_as_chance_says_and_shifted_ones_hardly_ever() -> None:
    within = shifted = 0
    for seed in range(60):
        p, y = claims(400, seed)
        limit = calibration_limit(p, simulations=300)
        within += calibration_error(p, y) <= limit
        shifted += calibration_error(np.clip(p + 0.15, 0, 1), y) <= limit

    assert within >= 50
    assert shifted <= 3


def test_bins_hold_all_claims_and_the_band_holds_the_shares_of_calibrated_predictions() -> None:
    p, y = claims(3000)

    bins = equal_mass_bins(p, y)

    assert bins.count.sum() == 3000
    assert (np.diff(bins.predicted) > 0).all()
    assert ((bins.low <= bins.found) & (bins.found <= bins.high)).mean() >= 0.8


def test_fewer_claims_than_bins_make_a_bin_each() -> None:
    bins = equal_mass_bins(np.array([0.2, 0.6, 0.4]), np.array([False, True, True]))

    assert bins.predicted.tolist() == pytest.approx([0.2, 0.4, 0.6])
    assert bins.found.tolist() == [0.0, 1.0, 1.0]


def test_scoring_rules_agree_with_their_definitions() -> None:
    p, y = np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False])

    assert auc(p, y) == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert brier(p, y) == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    assert log_loss(p, y) == pytest.approx(-(2 * np.log(0.9) + np.log(0.4) + np.log(0.6)) / 4)
    assert calibration_error(p, y, bins=1) == pytest.approx(0.05)
    assert calibration_error(p, y, bins=4) == pytest.approx((0.1 + 0.4 + 0.6 + 0.1) / 4)


def test_what_cannot_be_ranked_has_no_auc_and_nothing_has_no_figures() -> None:
    assert np.isnan(auc(np.array([0.2, 0.3]), np.array([True, True])))
    assert summary(np.array([]), np.array([], dtype=bool)) == {"count": 0.0}


def test_a_certain_mistake_has_a_large_but_finite_log_loss() -> None:
    assert 15 < log_loss(np.array([1.0]), np.array([False])) < 25
