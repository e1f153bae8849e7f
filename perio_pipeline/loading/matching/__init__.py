"""Recognising records that the CRM held before: comparing, assigning, walking the account, and people's decisions."""
