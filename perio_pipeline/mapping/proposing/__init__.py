"""Proposes how a practice's database is bound to the canonical tables; a person confirms what it proposes (P3, G5)."""
