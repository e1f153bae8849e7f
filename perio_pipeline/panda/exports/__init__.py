"""Reads a practice's CSV exports: finds out how each file is written and stages it as the database it came from."""
