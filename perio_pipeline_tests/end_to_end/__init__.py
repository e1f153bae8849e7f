"""Whole migrations on a small sample practice, over real HTTP to the sandbox."""
