"""Validation: extracts become typed, sound frames; what cannot pass is quarantined and what was changed is recorded.

Pure functions on frames. No Dagster, no CRM, no files. Start at `validate.validate`; the frames derived from valid
rows are in `identity`, `likely_duplicates`, `contact_points`, `practices` and `referrals`.
"""
