"""Learns from verdicts how credible claims are: features, heads, training, folding, evaluation."""
