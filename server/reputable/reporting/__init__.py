"""Shows how right the scores were: one self-contained HTML page with plots."""
