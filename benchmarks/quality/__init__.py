"""How right the assessments are: rolling origin on a file of verdicts, nothing of the future in any score."""
