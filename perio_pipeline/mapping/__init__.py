"""The mapping files as typed objects, and what follows from them: shaped frames, field lists, practice files."""
