"""The delta-pickup window (P7): while a practice moves over, what changes in PANDA reaches the CRM by itself."""
