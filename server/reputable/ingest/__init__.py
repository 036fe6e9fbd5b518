"""Readers of the files people have: verdicts, scorecards, claims and sources."""
