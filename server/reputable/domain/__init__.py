"""The nouns of the field: sources, claims, verdicts, records, assessments. Standard library only."""
