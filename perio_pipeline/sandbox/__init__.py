"""Local stand-ins for the CRMs: servers that keep to the published APIs, for rehearsals and tests.

A sandbox shares no code with the adapters, so that one cannot hide the other's mistakes.
"""
