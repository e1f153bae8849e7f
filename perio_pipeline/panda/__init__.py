"""The source: canonical tables, their bindings to a concrete database, reading it, and the sample practice."""
