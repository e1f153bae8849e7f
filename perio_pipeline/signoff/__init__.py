"""Proof for people: the field-level diff, reconciliation and reports."""
