"""The rich text of notes and letters."""
