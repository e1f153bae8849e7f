"""The preflight: every known trap is found before a load begins."""
