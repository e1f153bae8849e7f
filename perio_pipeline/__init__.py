"""Moves a periodontal practice from PANDA Perio to a CRM: read, validate, map, load, read back, compare."""
