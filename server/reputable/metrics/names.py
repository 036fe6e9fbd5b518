"""Closed label sets, and what gauges there are."""

TIERS = ("local", "redis")
RESULTS = ("hit", "miss")
SERVED_FROM = ("local", "redis", "computed")
STAGES = ("record", "cache", "memory", "predict")
REDIS_PROBLEMS = ("timeout", "error", "refused", "skipped", "dropped")
"""`refused`: the MAC did not vouch for a value; `skipped`: a look-up while the breaker was open;
`dropped`: a score that was not stored."""
ROLLING = {
    "reputable_rolling_verdicts": "Verdicts that the rolling figures look back on, at most 1,000.",
    "reputable_rolling_brier_score": "Mean squared error of the credibilities foreseen; 0 is best.",
    "reputable_rolling_log_loss": "Mean log loss of the credibilities foreseen, in nats; 0 is best.",
    "reputable_rolling_calibration_error": "Mean credibility foreseen less the share found credible.",
    "reputable_rolling_stability_index": "Shift of the credibilities foreseen (PSI); from 0.25 on a large one.",
}
"""What looks back on the latest verdicts, by model; NaN while there are too few."""
MOST_MODELS = 4
"""Models that are foreseen with and shown; the one that came first goes first."""
BACKGROUND_WORK = ("prior_epoch", "verdict_memory")
"""What is done apart from any call, and tried again when it failed."""
FINDINGS = ("credible", "not_credible", "unproven", "scorecard")

GAUGES = {
    "reputable_calls_in_progress": "Calls under way.",
    "reputable_ledger_writable": "Whether the last write to the ledger went through, 1 or 0.",
    "reputable_local_cache_scores": "Scores that the process holds.",
    "reputable_model_refused": "Whether the model chosen in the models folder cannot be used, 1 or 0.",
    "reputable_model_trained_until_seconds": "End of the training window of the model that scores, Unix time.",
    "reputable_prior_epoch_start_seconds": "Midnight that the prior epoch in force begins with, Unix time.",
    "reputable_redis_up": "Whether Redis answers, 1 or 0; absent where none is configured.",
}
"""What is asked for in a scrape rather than counted."""
