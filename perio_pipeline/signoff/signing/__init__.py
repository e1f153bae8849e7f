"""The sign-off report: what was migrated, what stands against it, who confirmed what, and who signed it (P5, P8)."""
