"""Periodontal knowledge as pure functions on frames; it knows no CRM and no Dagster."""
