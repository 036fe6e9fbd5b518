"""The bootstrap draws sources; its weighted rules agree with the rules on claims repeated."""

import numpy as np
import pytest

from benchmarks.quality.resampling import Group, estimate, mean, mean_draws, source_draws, weighted_auc
from reputable.learning.scoring_rules import auc, brier, log_loss


def group(count: int = 120, seed: int = 4, sources: int = 12) -> Group:
    """Made-up claims with tied probabilities."""
    chance = np.random.default_rng(seed)
    p = chance.integers(1, 20, count) / 20
    names = np.array([f"s{i}" for i in chance.integers(0, sources, count)], dtype=np.str_)
    return Group(p, chance.random(count) < p, names)


@pytest.mark.parametrize(("rule", "plain"), [("auc", auc), ("brier", brier), ("log_loss", log_loss)])
def test_a_weighted_rule_is_the_rule_on_claims_repeated_so_often(rule: str, plain: object) -> None:
    claims = group()
    counts = np.random.default_rng(1).integers(0, 4, len(claims.p))
    repeated = np.repeat(np.arange(len(claims.p)), counts)

    (found,) = mean_draws([claims], [counts[None].astype(float)], rule)

    assert callable(plain)
    assert found == pytest.approx(plain(claims.p[repeated], claims.y[repeated]), abs=1e-12)


def test_every_claim_of_a_source_counts_as_often_as_its_source_is_drawn() -> None:
    first, second = group(seed=1), group(seed=2)

    one, two = source_draws([first, second], draws=50)

    counts = np.concatenate([one, two], axis=1)
    names = np.concatenate([first.sources, second.sources])
    for name in np.unique(names):
        assert (counts[:, names == name] == counts[:, names == name][:, :1]).all()
    drawn = [counts[:, names == name][:, 0] for name in np.unique(names)]
    assert (np.sum(drawn, axis=0) == len(np.unique(names))).all()


def test_an_interval_holds_the_figure_and_grows_when_few_sources_make_the_claims() -> None:
    def width(sources: int) -> float:
        claims = group(600, sources=sources)
        chance = np.random.default_rng(9)
        luck = {name: chance.normal(0, 0.25) for name in np.unique(claims.sources)}
        p = np.clip(claims.p + [luck[name] for name in claims.sources], 0.01, 0.99)
        claims = Group(p, claims.y, claims.sources)
        found = estimate(mean([claims], "brier"), mean_draws([claims], source_draws([claims]), "brier"))
        assert found.lower < found.value < found.upper
        return found.upper - found.lower

    assert width(6) > 1.5 * width(300)


def test_where_all_claims_of_a_draw_are_alike_there_is_no_auc() -> None:
    found = weighted_auc(np.array([0.2, 0.7]), np.array([True, False]), np.array([[1.0, 0.0], [1.0, 1.0]]))

    assert np.isnan(found[0])
    assert found[1] == 0.0
